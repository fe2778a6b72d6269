"""Passes a streamed response on to the client while the function sends it, within API Gateway's limits.

Limits: Amazon API Gateway developer guide, "Stream the integration response for your proxy integrations".
"""

from __future__ import annotations

import asyncio
from typing import Final

from local.asgi import Headers, Send, start_response
from local.environments import Invocation, Outcome
from local.events import NO_BODY, MalformedResponse, StreamHead
from local.preludes import read_head
from local.response_streams import StreamedResponse, StreamFailed

IDLE_S: Final = 300.0


class FunctionFailed(Exception):
    """The function failed before it responded. The reason is in its log."""


class Forwarding:
    """One streamed response. `timeout_s` limits the whole of it, and `idle_s` each wait for the next bytes."""

    def __init__(self, invocation: Invocation, *, timeout_s: float, idle_s: float = IDLE_S) -> None:
        self.status: int | None = None
        """The status that the client has got, or None before it."""
        self._invocation = invocation
        self._deadline = asyncio.get_running_loop().time() + timeout_s
        self._idle_s = idle_s

    async def run(self, method: str, headers: Headers, send: Send) -> None:
        """Send the response of a request with this method, with these headers after the function's.

        After an exception, a response that has begun must be cut off.

        Raises:
            TimeoutError: a limit is exceeded.
            FunctionFailed: the function failed before it responded.
            MalformedResponse: the function did not stream, or its prelude is not valid.
            StreamFailed: the response breaks off, or its body does not have the declared length.
        """
        async with asyncio.timeout_at(self._limit()) as limit:
            response = _streamed(await self._invocation.outcome)
            head, piece = await read_head(response)
            await start_response(send, head.status, [*head.headers, *headers], head.length)
            self.status = head.status
            body = _Body(method, head, send)
            while not response.received:
                await body.send(piece)
                limit.reschedule(self._limit())
                piece = await response.read()
            await _end(response, body, piece)

    def _limit(self) -> float:
        return min(self._deadline, asyncio.get_running_loop().time() + self._idle_s)


class _Body:
    """Sends a body, and never more or less than its declared length."""

    def __init__(self, method: str, head: StreamHead, send: Send) -> None:
        self._send = send
        self._dropped = method == "HEAD" or head.status in NO_BODY
        self._left = None if self._dropped else head.length
        # The client takes a body of the declared length for whole, so its last bytes wait for the end of the response.
        self._held = b""

    async def send(self, piece: bytes) -> None:
        """Send a piece that is perhaps not the last. An empty one sends a head that waits for a body."""
        piece = self._counted(piece)
        if self._left == 0:
            self._held = piece
        else:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self, piece: bytes) -> None:
        """Send the last piece, and end the body."""
        piece = self._held + self._counted(piece)
        if self._left:
            raise StreamFailed(f"the body is {self._left} bytes shorter than its Content-Length")
        await self._send({"type": "http.response.body", "body": piece, "more_body": False})

    def _counted(self, piece: bytes) -> bytes:
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise StreamFailed("the body is longer than its Content-Length")
        return b"" if self._dropped else piece


async def _end(response: StreamedResponse, body: _Body, piece: bytes) -> None:
    """Send the last piece together with the end, unless the function reported an error after it."""
    try:
        await response.read()
    except StreamFailed:
        await body.send(piece)
        raise
    await body.end(piece)


def _streamed(outcome: Outcome) -> StreamedResponse:
    if isinstance(outcome, StreamedResponse):
        return outcome
    if outcome.error is not None:
        raise FunctionFailed
    raise MalformedResponse("it did not stream its response, but the route has the response transfer mode STREAM")
