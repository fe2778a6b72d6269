"""A function's streamed response: from its POST to the Runtime API to the one who reads it.

Headers and trailers: AWS Lambda developer guide, "Building a custom runtime". Limits: "Response streaming for Lambda
functions".
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from local.asgi import Receive

_ERROR_TYPE: Final = b"lambda-runtime-function-error-type"
_ERROR_BODY: Final = b"lambda-runtime-function-error-body"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Lambda's limits of a streamed response: its size, and the speed of all bytes after the first ones."""

    max_bytes: int = 209_715_200
    unpaced_bytes: int = 6_291_456
    bytes_per_s: float = 2_097_152


class StreamFailed(Exception):
    """The response ended too early: what was read of it is not the whole. The message is for the operator."""


class StreamedResponse:
    """A response that the function is still sending.

    The reader takes the bytes directly from the function's connection, whose buffer is bounded: a reader that pauses
    makes the function wait. `trailers` is filled by the server when the body has ended. `abort` closes the connection.
    """

    def __init__(
        self,
        receive: Receive,
        trailers: Sequence[tuple[bytes, bytes]],
        abort: Callable[[], None],
        limits: StreamLimits,
    ) -> None:
        self.released = asyncio.Event()
        """Set when the reader has taken everything, or takes no more."""
        self.received = False
        """Whether the function has sent the response to its end."""
        self._receive = receive
        self._trailers = trailers
        self._abort = abort
        self._limits = limits
        self._size = 0
        self._paced_until = 0.0

    async def read(self) -> bytes:
        """Return the next bytes as soon as there are any, or none at the end.

        Raises `StreamFailed` if the response breaks off: the process ended, the function reported an error in the
        trailers, the response is too large, or `close` was called.
        """
        while not self.received:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.released.set()
                raise StreamFailed("the connection of the function was closed before the end of its response")
            self.received = not message.get("more_body", False)
            piece: bytes = message.get("body", b"")
            if piece:
                await self._count(len(piece))
                return piece
        self.released.set()
        self._raise_for_trailers()
        return b""

    def close(self) -> None:
        """Read no more. If the function is still sending, its connection is closed immediately."""
        if not self.released.is_set():
            self.released.set()
            if not self.received:
                self._abort()

    async def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._limits.max_bytes:
            self.close()
            raise StreamFailed(f"Function.ResponseSizeTooLarge: over {self._limits.max_bytes} bytes")
        if self._size > self._limits.unpaced_bytes:
            now = asyncio.get_running_loop().time()
            self._paced_until = max(now, self._paced_until) + size / self._limits.bytes_per_s
            await asyncio.sleep(self._paced_until - now)

    def _raise_for_trailers(self) -> None:
        found = {name.lower(): value for name, value in self._trailers}
        if _ERROR_TYPE in found:
            error_type = found[_ERROR_TYPE].decode("latin-1")
            raise StreamFailed(f"{error_type}: {_message(found.get(_ERROR_BODY, b''))}")


def _message(body: bytes) -> str:
    """Return the message of an error body, which is a JSON object in base64."""
    try:
        error = json.loads(base64.b64decode(body, validate=True))
    except (binascii.Error, ValueError):
        return ""
    return str(error.get("errorMessage", "")) if isinstance(error, dict) else ""
