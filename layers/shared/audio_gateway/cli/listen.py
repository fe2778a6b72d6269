"""`webhooks listen`: a receiver on this machine that prints the events it gets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from audio_gateway.cli.api_options import ApiOptions, api_errors_reported
from audio_gateway.cli.failures import CommandFailed
from audio_gateway.cli.output import note, printable
from audio_gateway.webhooks.webhook import EVENT_TYPES

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.webhooks import WebhookEndpointWithSecret

Port = Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print each event as received, one JSON object per line.")]

_MAX_BODY: Final = 65_536
_LENGTH: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_PATIENCE_S: Final = 10.0  # for a silent client, since requests are served one by one


def listen(api: ApiOptions, *, port: Port = 9000, as_json: AsJson = False) -> None:
    """Print the webhook events of a local stack as they arrive, until Ctrl-C.

    Registers an endpoint in the key's project, verifies each request as the SDKs do, and removes the endpoint at the
    end. Start the stack with `AUDIO_GATEWAY_ALLOW_HOSTS=127.0.0.1:9000 make run` to allow the calls.
    """
    place = f"127.0.0.1:{port}"
    client = api.client()
    try:
        server = HTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler)
    except OSError as error:
        raise CommandFailed(f"Cannot listen on {place}: {error.strerror}.\nChoose another port with --port.") from error
    with client, server, _registered(client, place) as endpoint:
        note(f"{endpoint.id} listens on {place} for {', '.join(EVENT_TYPES)}. Press Ctrl-C to stop.")
        server.RequestHandlerClass = receiver(client, endpoint.signing_secret, as_json=as_json)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            note("")


def receiver(client: OpenAI, secret: str, *, as_json: bool) -> type[BaseHTTPRequestHandler]:
    """Return a handler that prints requests signed with this secret and refuses all others."""
    from openai import InvalidWebhookSignatureError

    class Receiver(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S

        def do_POST(self) -> None:
            length = self.headers.get("content-length") or "0"
            if not _LENGTH.fullmatch(length) or int(length) > _MAX_BODY:
                note("refused: the length of the body is missing or too large")
                self.send_response(HTTPStatus.BAD_REQUEST)
                self.end_headers()
                return
            body = self.rfile.read(int(length))
            try:
                client.webhooks.unwrap(body, dict(self.headers.items()), secret=secret)
            except (InvalidWebhookSignatureError, ValueError) as error:
                note(f"refused: {error}")
                self.send_response(HTTPStatus.BAD_REQUEST)
            else:
                typer.echo(body.decode() if as_json else _line(json.loads(body)))
                self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing: events are printed."""

    return Receiver


def _line(event: dict[str, Any]) -> str:
    return printable(f"{event['type']}  {event['data']['id']}  {event['id']}")


@contextmanager
def _registered(client: OpenAI, place: str) -> Iterator[WebhookEndpointWithSecret]:
    """Register an endpoint at this address while the block runs. Removes a leftover of an earlier run first."""
    url, types = f"http://{place}/", cast("Any", list(EVENT_TYPES))
    with _blocked_address_explained(place):
        for left in [each for each in client.webhooks.list(limit=100) if each.url == url]:
            client.webhooks.delete(left.id)
        endpoint = client.webhooks.create(name="webhooks listen", url=url, event_types=types)
    try:
        yield endpoint
    finally:
        with api_errors_reported():
            client.webhooks.delete(endpoint.id)


@contextmanager
def _blocked_address_explained(place: str) -> Iterator[None]:
    from openai import BadRequestError

    try:
        with api_errors_reported():
            yield
    except CommandFailed as error:
        cause = error.__cause__
        if isinstance(cause, BadRequestError) and cause.code == "invalid_url":
            message = f"The gateway does not call http://{place}: only a local stack that allows this address does."
            raise CommandFailed(f"{message}\nStart it with: AUDIO_GATEWAY_ALLOW_HOSTS={place} make run") from error
        raise
