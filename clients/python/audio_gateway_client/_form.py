"""Extracts the file from a multipart stream, and puts it into the form for the bucket.

The SDK passes a stream that can be read again from the start. It is read once up to the file's first byte, and once
more for each attempt to upload it. Only one chunk is in memory at a time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final, cast
from urllib.parse import unquote

import httpx2

_MAX_HEAD: Final = 32 * 1024 * 1024  # of the fields before the file; no real request has longer ones
_MAX_NAME: Final = 255
_NAME: Final = re.compile(rb'[; ]name="([^"]*)"', re.IGNORECASE)
_FILENAME: Final = re.compile(rb'[; ]filename="([^"]*)"', re.IGNORECASE)
_BOUNDARY: Final = re.compile(r'multipart/form-data\s*;.*?boundary="?([^";]+)"?', re.IGNORECASE)
_OCTETS: Final = "application/octet-stream"


class FormError(httpx2.LocalProtocolError):
    """The form does not match its length: the file has changed, or other parts follow it."""


@dataclass(frozen=True, slots=True)
class FileInForm:
    """The file in a form: the unchanged parts before it, the offset of its first byte, and its size."""

    boundary: bytes
    before: bytes
    start: int
    size: int
    filename: str

    @property
    def tail(self) -> bytes:
        """The bytes after the file."""
        return b"\r\n--" + self.boundary + b"--\r\n"

    def fields(self) -> frozenset[str]:
        """Return the names of the parts before the file."""
        return frozenset(name.decode("utf-8", "replace") for name in _NAME.findall(self.before))

    def without_file(self, added: Mapping[str, str]) -> bytes:
        """Return the same form with text fields in place of the file."""
        delimiter = b"--" + self.boundary
        parts = [
            delimiter + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in added.items()
        ]
        return self.before + b"".join(parts) + delimiter + b"--\r\n"


def boundary_of(content_type: str) -> bytes | None:
    """Return the boundary of a multipart form, or None for any other type."""
    found = _BOUNDARY.match(content_type)
    return None if found is None else found[1].strip().encode("latin-1")


class FormParser:
    """Finds the part `file` in a body of `length` bytes. Feed it chunks until `done`."""

    def __init__(self, boundary: bytes, length: int) -> None:
        self._boundary = boundary
        self._length = length
        self._seen = bytearray()
        self._part = 0  # offset of the current part
        self.done = False
        self.found: FileInForm | None = None

    def feed(self, piece: bytes) -> None:
        """Parse the next chunk of the body."""
        self._seen += piece
        while not self.done and self._step():
            pass
        if len(self._seen) > _MAX_HEAD:
            self.done = True

    def _step(self) -> bool:
        """Parse one part. Returns False if more of the body is needed."""
        opening = b"--" + self._boundary + b"\r\n"
        begun = bytes(self._seen[self._part : self._part + len(opening)])
        if begun != opening:
            self.done = not opening.startswith(begun)  # the last delimiter, or not a form
            return False
        end = self._seen.find(b"\r\n\r\n", self._part)
        if end < 0:
            return False
        headers = bytes(self._seen[self._part + len(opening) : end])
        filename, name = _FILENAME.search(headers), _NAME.search(headers)
        if filename is not None and name is not None and name[1] == b"file":
            self._take(filename[1], end + 4)
            return True
        following = self._seen.find(b"\r\n--" + self._boundary, end + 2)
        if following < 0:
            return False
        self._part = following + 2
        return True

    def _take(self, filename: bytes, start: int) -> None:
        size = self._length - start - len(b"\r\n--" + self._boundary + b"--\r\n")
        self.done = True
        self.found = FileInForm(
            boundary=self._boundary,
            before=bytes(self._seen[: self._part]),
            start=start,
            size=size,
            filename=plain_name(filename),
        )


def plain_name(raw: bytes) -> str:
    """Return a file name as one line of at most 255 printable characters. Keeps the extension."""
    name = unquote(raw.decode("utf-8", "replace")).replace("\\\\", "\\")
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(letter if letter.isprintable() else "_" for letter in name).strip()
    if len(name) > _MAX_NAME:
        stem, dot, ending = name.rpartition(".")
        kept = dot + ending if stem and len(ending) < 16 else ""  # noqa: PLR2004 - longer than any audio extension
        name = name[: _MAX_NAME - len(kept)] + kept
    return name or "audio"


class _FileExtractor:
    """Extracts the bytes of the file from a stream. `end` raises `FormError` unless the file was complete and last."""

    def __init__(self, file: FileInForm) -> None:
        self._file = file
        self._at = 0
        self._last = b""  # the last bytes seen, in which a delimiter may start
        self._tail = b""

    def extract(self, piece: bytes) -> bytes:
        begin = max(0, self._file.start - self._at)
        end = max(0, self._file.start + self._file.size - self._at)
        self._at += len(piece)
        self._tail += piece[end:]
        content = piece[begin:end]
        delimiter = b"\r\n--" + self._file.boundary
        joined = self._last + content
        if delimiter in joined:
            raise FormError("The part 'file' must be the last part of the form.")
        self._last = joined[-len(delimiter) + 1 :]
        return content

    def end(self) -> None:
        if self._tail != self._file.tail:
            raise FormError("The length of the file has changed: it was modified, or cannot be read twice.")


class UploadStream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The form of a presigned POST, with the file from another form's stream."""

    def __init__(
        self,
        source: httpx2.SyncByteStream | httpx2.AsyncByteStream,
        file: FileInForm,
        fields: Mapping[str, str],
        on_sent: Callable[[int, int], None] | None,
    ) -> None:
        self._source = source
        self._file = file
        self._on_sent = on_sent
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        texts = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        # The file's real name is among the fields, as the gateway requires.
        file_headers = f'Content-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: {_OCTETS}'
        self._head = f"{texts}--{boundary}\r\n{file_headers}\r\n\r\n".encode()
        self._foot = f"\r\n--{boundary}--\r\n".encode()
        self.length = len(self._head) + file.size + len(self._foot)

    def __iter__(self) -> Iterator[bytes]:
        cut, sent = _FileExtractor(self._file), 0
        self._report(0)
        yield self._head
        for piece in cast("httpx2.SyncByteStream", self._source):
            content = cut.extract(piece)
            if content:
                yield content
                sent += len(content)
                self._report(sent)
        cut.end()
        yield self._foot

    async def __aiter__(self) -> AsyncIterator[bytes]:
        cut, sent = _FileExtractor(self._file), 0
        self._report(0)
        yield self._head
        async for piece in cast("httpx2.AsyncByteStream", self._source):
            content = cut.extract(piece)
            if content:
                yield content
                sent += len(content)
                self._report(sent)
        cut.end()
        yield self._foot

    def _report(self, sent: int) -> None:
        if self._on_sent is not None:
            self._on_sent(sent, self._file.size)


class FileStream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body stored in a file. Each iteration reads it from the start."""

    _PIECE: Final = 64 * 1024

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(self._PIECE):
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        """Do nothing: the stream is read more than once, and the opener closes the file."""

    async def aclose(self) -> None:
        """Do nothing; see `close`."""
