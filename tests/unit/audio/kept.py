"""Files that are kept elsewhere, as in a bucket, for the tests of audio."""

from __future__ import annotations


class KeptFile:
    """Bytes that are read in ranges; `reads` are those ranges. It breaks when it is read behind `breaks_at`."""

    def __init__(self, data: bytes, *, breaks_at: int | None = None) -> None:
        self._data = data
        self._breaks_at = len(data) if breaks_at is None else breaks_at
        self.size = len(data)
        self.reads: list[tuple[int, int]] = []

    def read(self, start: int, end: int) -> bytes:
        if end > self._breaks_at:
            raise ConnectionResetError("the bucket went away")
        self.reads.append((start, end))
        return self._data[start:end]
