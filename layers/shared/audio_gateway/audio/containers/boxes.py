"""The boxes of MP4 and M4A files (ISO/IEC 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from audio_gateway.audio.content import AudioContent


class Box(NamedTuple):
    """A box: the positions of its name, its content and its end. `whole` says that the file contains all of it."""

    kind: bytes
    kind_at: int
    body: int
    end: int
    whole: bool


def boxes(data: AudioContent, at: int, end: int) -> Iterator[Box]:
    """The consecutive boxes from `at` up to `end`."""
    while at + 8 <= end:
        head = data[at : at + 16]
        size, body = int.from_bytes(head[:4], "big"), at + 8
        if size == 1:
            size, body = int.from_bytes(head[8:], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < body - at:
            return
        yield Box(head[4:8], at + 4, body, min(end, at + size), at + size <= end)
        at += size
