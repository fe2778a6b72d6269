"""ASGI helpers shared by the applications in this package."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[str, str]]


class ClientGone(Exception):
    """The client disconnected before it had sent its request."""


async def read_body(receive: Receive, limit: int, *, drain: bool = False) -> tuple[bytes, bool]:
    """Read the body. Returns it and whether it is complete: False if it is longer than `limit` bytes.

    With `drain`, the rest of a body that is too long is read and dropped. Raises `ClientGone`.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif not drain:
            return b"", False
        if not message.get("more_body", False):
            return (b"".join(parts), True) if size <= limit else (b"", False)


async def start_response(send: Send, status: int, headers: Headers, length: int | None) -> None:
    """Send the status and headers of a response with a body of `length` bytes, or of unknown length."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if length is not None:
        raw.append((b"Content-Length", str(length).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a complete response."""
    await start_response(send, status, headers, len(body))
    await send({"type": "http.response.body", "body": body})
