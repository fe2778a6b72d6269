"""Bytes that are collected piece by piece: in memory, and in a temporary file if there are many."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import Final, Self

IN_MEMORY_BYTES: Final = 8_000_000
_PIECE_BYTES: Final = 8_388_608  # more than S3 requires of a part of an object


class Spool:
    """To be closed, or used as a context manager."""

    def __init__(self) -> None:
        self.size = 0
        self._file = tempfile.SpooledTemporaryFile[bytes](IN_MEMORY_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the bytes. Can be called again."""
        self._file.close()

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._file.write(piece)
        self.size += len(piece)

    def copying(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces, each of which is added first."""
        for piece in pieces:
            self.write(piece)
            yield piece

    def pieces(self) -> Iterator[bytes]:
        """All bytes, in pieces of 8 MiB."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE_BYTES):
            yield piece

    def content(self) -> bytes:
        """All bytes, in memory."""
        return b"".join(self.pieces())

    def body(self) -> bytes | Spool:
        """All bytes if they are in memory; the spool itself if they are not."""
        return self.content() if self.size <= IN_MEMORY_BYTES else self
