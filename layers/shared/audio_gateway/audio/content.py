"""The bytes of a caller's file: in memory, or on a disk or in a bucket and read in ranges.

The container parsers read a few bytes at a position, so they work with both. Memory does not grow with a file that is
stored elsewhere: only a few of its blocks are held.
"""

from __future__ import annotations

import bisect
import io
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, SupportsIndex, overload

BLOCK_BYTES: Final = 4 * 1024 * 1024
"""Size of one read of a stored file: large, because each read from a bucket takes some hundredths of a second."""
BLOCKS: Final = 8
"""Number of blocks held: those being read, and those with the index at the other end of the file."""

Span = tuple[int, int] | bytes
"""A range of a file, from one position up to another, or bytes that replace one."""


class AudioContent(Protocol):
    """The operations on a file's bytes that parsers need; `bytes` has them all."""

    def __len__(self) -> int:
        """Bytes in the file."""
        ...

    @overload
    def __getitem__(self, at: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, at: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int = ..., end: int = ..., /) -> int:
        """The first position of `sub` between `start` and `end`; -1 if there is none."""
        ...


class ByteFile(Protocol):
    """A file that FFmpeg reads; without `seek` and `tell` it streams."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        ...


class SeekableFile(ByteFile, Protocol):
    """A file in which FFmpeg can seek."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Move; returns the position of the next byte."""
        ...

    def tell(self) -> int:
        """The position of the next byte."""
        ...


class RangeReader(Protocol):
    """A store that reads ranges of one file: an open file, or an object in a bucket pinned to one version."""

    @property
    def size(self) -> int:
        """Bytes in the file."""
        ...

    def read(self, start: int, end: int, /) -> bytes:
        """All the bytes from `start` up to `end`; it may raise its own errors."""
        ...


class StoredContent:
    """An `AudioContent` that is stored elsewhere. Slices have no step and no negative positions."""

    def __init__(self, reader: RangeReader, *, block_bytes: int = BLOCK_BYTES, blocks: int = BLOCKS) -> None:
        self._reader = reader
        self._size = reader.size
        self._block_bytes = block_bytes
        self._most = blocks
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._start, self._current = 0, b""  # the block of the last read, to skip the search of the others

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, at: slice, /) -> bytes: ...
    def __getitem__(self, at: SupportsIndex | slice, /) -> int | bytes:
        if isinstance(at, slice):
            start, end = at.start or 0, self._size if at.stop is None else at.stop
            offset = start - self._start
            if offset >= 0 and end - self._start <= len(self._current):
                return self._current[offset : end - self._start]
            return self._joined(start, min(end, self._size))
        place = at.__index__()
        if not 0 <= place < self._size:
            raise IndexError(f"byte {place} of {self._size}")
        return self._block(place)[place - self._start]

    def find(self, sub: bytes, start: int = 0, end: int | None = None, /) -> int:
        """The first position of `sub` between `start` and `end`; -1 if there is none."""
        end = self._size if end is None else min(end, self._size)
        while start + len(sub) <= end:
            block = self._block(start)
            found = block.find(sub, start - self._start, end - self._start)
            if found >= 0:
                return self._start + found
            behind = self._start + len(block)
            border = max(start, behind - len(sub) + 1)  # it may span two blocks
            around = self[border : min(end, behind + len(sub) - 1)]
            found = around.find(sub)
            if found >= 0:
                return border + found
            start = behind
        return -1

    def _joined(self, start: int, end: int) -> bytes:
        pieces = []
        while start < end:
            block = self._block(start)
            pieces.append(block[start - self._start : end - self._start])
            start = self._start + len(block)
        return b"".join(pieces)

    def _block(self, place: int) -> bytes:
        """Make the block around a position the current one, and return it."""
        if not self._start <= place < self._start + len(self._current):
            start = place - place % self._block_bytes
            block = self._blocks.pop(start, None)
            if block is None:
                while len(self._blocks) >= self._most:
                    self._blocks.popitem(last=False)
                block = self._read(start)
            self._blocks[start] = block
            self._start, self._current = start, block
        return self._current

    def _read(self, start: int) -> bytes:
        end = min(start + self._block_bytes, self._size)
        block = self._reader.read(start, end)
        if len(block) != end - start:
            raise OSError(f"{len(block)} bytes were read where the file has {end - start}, from byte {start} on")
        return block


@dataclass(frozen=True, slots=True)
class ContentSpans:
    """A file made of ranges of another one, and of bytes between them."""

    content: AudioContent
    spans: Sequence[Span]

    repaired: ClassVar = False

    @property
    def size(self) -> int:
        """Bytes of all spans."""
        return sum(_length(span) for span in self.spans)

    def open(self) -> io.BytesIO | ContentFile:
        """Open it for reading, without a copy of the whole."""
        if isinstance(self.content, bytes) and list(self.spans) == [(0, len(self.content))]:
            return io.BytesIO(self.content)
        return ContentFile(self.content, self.spans)


class ContentFile:
    """`ContentSpans` as a file in which FFmpeg reads and seeks."""

    def __init__(self, content: AudioContent, spans: Sequence[Span]) -> None:
        self._content = content
        self._spans = [span for span in spans if _length(span)]
        self._starts = [0]
        for span in self._spans:
            self._starts.append(self._starts[-1] + _length(span))
        self._at = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes; fewer at the end of a span, none at the end of the file."""
        index = bisect.bisect_right(self._starts, self._at) - 1
        if index >= len(self._spans):
            return b""
        span, offset = self._spans[index], self._at - self._starts[index]
        if isinstance(span, bytes):
            data = span[offset : offset + size]
        else:
            data = self._content[span[0] + offset : min(span[0] + offset + size, span[1])]
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position within the file, and return it."""
        self._at = seek_target(offset, whence, self._at, self._starts[-1])
        return self._at

    def tell(self) -> int:
        """The position of the next byte."""
        return self._at


def seek_target(offset: int, whence: int, at: int, size: int) -> int:
    """The position that `seek(offset, whence)` means in a file of `size` bytes, from the position `at`."""
    base = {io.SEEK_SET: 0, io.SEEK_CUR: at, io.SEEK_END: size}[whence]
    return min(max(0, base + offset), size)


def _length(span: Span) -> int:
    return len(span) if isinstance(span, bytes) else span[1] - span[0]
