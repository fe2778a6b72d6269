"""HTTP/1.1 messages as they arrive, for programs that measure: as little work for each byte as possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_HEAD_END: Final = b"\r\n\r\n"
_LINE_END: Final = b"\r\n"


class MessageError(Exception):
    """The bytes are not an HTTP message with a length or in chunks."""


class MessageReader:
    """Reads one message, a request or a response, and gives the pieces of its body to `take`.

    `head` is the head in bytes, with its last line end, and empty until it is complete.
    """

    def __init__(self, take: Callable[[memoryview], None]) -> None:
        self.head = b""
        self.complete = False
        self.chunked = False
        self._take = take
        self._pending = b""  # the start of a head, or of a line between chunks
        self._left = 0  # bytes of the body, or of the chunk
        self._last_chunk = False

    def feed(self, data: bytes | memoryview) -> None:
        """Read the next bytes. Raises `MessageError`."""
        view = memoryview(data)
        if not self.head:
            view = self._read_head(view)
        while len(view) and not self.complete:
            view = self._read_chunks(view) if self.chunked and not self._left else self._read_body(view)
        if len(view):
            raise MessageError(f"{len(view)} bytes follow the end of the message")

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header; `name` is in lower case."""
        start = self.head.lower().find(_LINE_END + name + b":")
        if start < 0:
            return None
        start += len(_LINE_END) + len(name) + 1
        return self.head[start : self.head.index(_LINE_END, start)].strip()

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.head[9:12])

    def _read_head(self, view: memoryview) -> memoryview:
        text = self._pending + bytes(view)
        end = text.find(_HEAD_END)
        if end < 0:
            self._pending = text
            return view[:0]
        self.head, self._pending = text[: end + 4], b""
        length = self.header(b"content-length")
        if (self.header(b"transfer-encoding") or b"").lower() == b"chunked":
            self.chunked = True
        elif length is not None:
            self._left = int(length)
            self.complete = not self._left
        elif self.head.startswith(b"HTTP/"):
            raise MessageError("the response has no length")
        else:
            self.complete = True
        return memoryview(text)[end + 4 :]

    def _read_body(self, view: memoryview) -> memoryview:
        piece = view[: self._left]
        self._take(piece)
        self._left -= len(piece)
        self.complete = not self._left and not self.chunked
        return view[len(piece) :]

    def _read_chunks(self, view: memoryview) -> memoryview:
        """Read the line with the size of the next chunk, after the line end of the chunk before it."""
        text = self._pending + bytes(view[:64])
        start = 2 if text.startswith(_LINE_END) and not self._last_chunk else 0
        end = text.find(_LINE_END, start)
        if end < 0:
            if len(text) > 64:
                raise MessageError("a chunk has no size")
            used = len(text) - len(self._pending)
            self._pending = text
            return view[used:]
        used = end + 2 - len(self._pending)
        self._pending = b""
        if self._last_chunk:
            self.complete = end == 0  # else a trailer
            return view[used:]
        try:
            self._left = int(text[start:end].partition(b";")[0], 16)
        except ValueError:
            raise MessageError(f"{text[start:end]!r} is not the size of a chunk") from None
        self._last_chunk = not self._left
        return view[used:]
