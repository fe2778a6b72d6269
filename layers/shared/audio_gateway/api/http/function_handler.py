"""The handler of a function behind API Gateway: its app, driven by events.

API Gateway event → Mangum → RequestScope → FastAPI route → use case
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from mangum import Mangum

from audio_gateway.api.http.cors import Cors
from audio_gateway.api.http.event_body import with_decoded_body
from audio_gateway.api.http.request_scope import STREAM, RequestScope
from audio_gateway.api.http.unreadable import refusal_of
from audio_gateway.response_stream import ClientDisconnected, ResponseStream

_BASE_PATH: Final = "/v1"


class BrokenResponse(Exception):
    """The response ended before it was complete, so the caller must not take it for a whole one."""


class FunctionHandler:
    """Answers the events of API Gateway's REST proxy: in one piece when called, and piece by piece with `stream`.

    On execute-api URLs the stage `v1` is not part of the event's path; behind a custom domain without a base path
    mapping it is, and Mangum removes it.
    """

    def __init__(self, app: RequestScope, endpoint: str, cors: Cors) -> None:
        self._app = app
        self._mangum = Mangum(app, lifespan="off", api_gateway_base_path=_BASE_PATH)
        self._endpoint = endpoint
        self._cors = cors

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The proxy response to an event."""
        _event_loop()  # Mangum runs the app in the thread's loop, too
        try:
            return self._mangum(with_decoded_body(event), context)
        except Exception as error:  # noqa: BLE001 - nothing inside `RequestScope` raises: the event cannot be read
            refusal = refusal_of(event, error, self._endpoint, self._cors)
            return {
                "statusCode": refusal.status,
                "headers": refusal.headers,
                "body": refusal.body.decode(),
                "isBase64Encoded": False,
            }

    def stream(self, event: dict[str, Any], context: Any, response: ResponseStream) -> None:
        """Answer an event piece by piece.

        Raises:
            BrokenResponse: the body ended before it was complete.
            ClientDisconnected: the caller did not wait for the end.
        """
        try:
            request = self._mangum.infer(with_decoded_body(event), context)
            scope, body = request.scope, request.body
        except Exception as error:  # noqa: BLE001 - as above
            refusal = refusal_of(event, error, self._endpoint, self._cors)
            response.start(refusal.status, list(refusal.headers.items()))
            response.write(refusal.body)
            return
        scope[STREAM] = response
        exchange = _Exchange(body, response)
        _event_loop().run_until_complete(self._app(scope, exchange.receive, exchange.send))
        if not exchange.complete:
            raise ClientDisconnected if response.is_disconnected() else BrokenResponse


def _event_loop() -> asyncio.AbstractEventLoop:
    """The event loop of this thread, which keeps it. From Python 3.14 on, a thread has none until one is set."""
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop


class _Exchange:
    """The two channels of an ASGI app. `send` writes before it returns: the app waits for a slow reader."""

    def __init__(self, body: bytes, response: ResponseStream) -> None:
        self.complete = False
        self._body: bytes | None = body
        self._response = response
        self._start: MutableMapping[str, Any] | None = None

    async def receive(self) -> MutableMapping[str, Any]:
        """The request's body, then the end of the connection."""
        body, self._body = self._body, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send the head with the first piece of the body. Raises `ClientDisconnected`."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._start["headers"]]
            self._response.start(self._start["status"], headers)
            self._start = None
        if message.get("body"):
            self._response.write(message["body"])
        if not message.get("more_body", False):
            self._response.end()
            self.complete = True
