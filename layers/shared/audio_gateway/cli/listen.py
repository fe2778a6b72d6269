"""`webhooks listen`: a receiver on this machine that shows what arrives, while it is running."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from audio_gateway.cli.caller import Caller, told_by_the_gateway
from audio_gateway.cli.failures import Failed
from audio_gateway.cli.output import printable, remark
from audio_gateway.webhooks.webhook import EVENT_TYPES

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.webhooks import WebhookEndpointWithSecret

Port = Annotated[int, typer.Option(min=1, max=65_535, help="Where to listen on 127.0.0.1.")]
AsJson = Annotated[bool, typer.Option("--json", help="Each event as it came, one JSON object on a line.")]

_MAX_BODY: Final = 65_536
_LENGTH: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_PATIENCE_S: Final = 10.0  # with one who says nothing: the others wait for him


def listen(caller: Caller, *, port: Port = 9000, as_json: AsJson = False) -> None:
    """Show the webhooks of a local stack as they arrive, until Ctrl-C.

    Registers itself with the project of the key, verifies each request as the SDKs do, answers, and takes itself off at
    the end. A stack that may call it is started with `AUDIO_GATEWAY_ALLOW_HOSTS=127.0.0.1:9000 make run`.
    """
    place = f"127.0.0.1:{port}"
    client = caller.client()
    try:
        server = HTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler)
    except OSError as error:
        raise Failed(f"{place} cannot be listened on: {error.strerror}.\n--port names another one.") from error
    with client, server, _registered(client, place) as endpoint:
        remark(f"{endpoint.id} listens on {place} for {', '.join(EVENT_TYPES)}. Ctrl-C ends it.")
        server.RequestHandlerClass = receiver(client, endpoint.signing_secret, as_json=as_json)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            remark("")


def receiver(client: OpenAI, secret: str, *, as_json: bool) -> type[BaseHTTPRequestHandler]:
    """A handler that shows what is signed with this secret, and refuses all else."""
    from openai import InvalidWebhookSignatureError

    class Receiver(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S

        def do_POST(self) -> None:
            length = self.headers.get("content-length") or "0"
            if not _LENGTH.fullmatch(length) or int(length) > _MAX_BODY:
                remark("refused: no event has a body of this length")
                self.send_response(HTTPStatus.BAD_REQUEST)
                self.end_headers()
                return
            body = self.rfile.read(int(length))
            try:
                client.webhooks.unwrap(body, dict(self.headers.items()), secret=secret)
            except (InvalidWebhookSignatureError, ValueError) as error:
                remark(f"refused: {error}")
                self.send_response(HTTPStatus.BAD_REQUEST)
            else:
                typer.echo(body.decode() if as_json else _line(json.loads(body)))
                self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """What arrived is shown already."""

    return Receiver


def _line(event: dict[str, Any]) -> str:
    return printable(f"{event['type']}  {event['data']['id']}  {event['id']}")


@contextmanager
def _registered(client: OpenAI, place: str) -> Iterator[WebhookEndpointWithSecret]:
    """An endpoint at this place, as long as it is needed; one that was left there is taken off first."""
    url, types = f"http://{place}/", cast("Any", list(EVENT_TYPES))
    with _told_how_to_be_called(place):
        for left in [each for each in client.webhooks.list(limit=100) if each.url == url]:
            client.webhooks.delete(left.id)
        endpoint = client.webhooks.create(name="webhooks listen", url=url, event_types=types)
    try:
        yield endpoint
    finally:
        with told_by_the_gateway():
            client.webhooks.delete(endpoint.id)


@contextmanager
def _told_how_to_be_called(place: str) -> Iterator[None]:
    from openai import BadRequestError

    try:
        with told_by_the_gateway():
            yield
    except Failed as error:
        cause = error.__cause__
        if isinstance(cause, BadRequestError) and cause.code == "invalid_url":
            message = f"The gateway does not call http://{place}: only a local stack that allows this address does."
            raise Failed(f"{message}\nStart it with: AUDIO_GATEWAY_ALLOW_HOSTS={place} make run") from error
        raise
