"""The bytes of an answer that is still arriving, of which the next ones can be read without consuming them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

_MOST_BYTES: Final = 32_768


class ByteStream:
    """Pieces of any size as one sequence of bytes.

    How the pieces were cut does not matter: `peek` waits for exactly as many bytes as it is asked for, so a decision
    based on them is always the same. Errors of the pieces are passed on unchanged.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""
        self._at = 0  # what is before it in `_held` has been taken

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end."""
        there = len(self._held) - self._at
        if there < count:
            pieces = [self._held[self._at :]]
            while there < count and (piece := next(self._pieces, None)) is not None:
                pieces.append(piece)
                there += len(piece)
            self._held, self._at = b"".join(pieces), 0
        return self._held[self._at : self._at + count]

    def next_piece(self) -> bytes:
        """What has arrived, at most 32 KiB; waits for the next piece if that is nothing. Empty only at the end."""
        while self._at == len(self._held) and (piece := next(self._pieces, None)) is not None:
            self._held, self._at = piece, 0
        ready = self._held[self._at : self._at + _MOST_BYTES]
        self._at += len(ready)
        return ready

    def put_back(self, data: bytes) -> None:
        """Make `data` the next bytes."""
        if self._held.endswith(data, 0, self._at):  # taken just now: no need to copy what follows
            self._at -= len(data)
        else:
            self._held, self._at = data + self._held[self._at :], 0

    def take(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes as they arrive, fewer only at the end."""
        while count and (piece := self.next_piece()):
            if len(piece) > count:
                self.put_back(piece[count:])
                piece = piece[:count]
            count -= len(piece)
            yield piece

    def skip(self, count: int) -> bool:
        """Go past `count` bytes; whether there were as many."""
        return sum(map(len, self.take(count))) == count

    def rest(self) -> Iterator[bytes]:
        """All following bytes as they arrive, in pieces of at most 32 KiB."""
        while piece := self.next_piece():
            yield piece
