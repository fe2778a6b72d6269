"""MP4 and M4A (ISO/IEC 14496-12): tags taken out, and declared counts that the file cannot hold refused.

FFmpeg allocates what sample tables declare: a file of one kilobyte can ask it for gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from audio_gateway.errors import InvalidAudio

_BRANCHES: Final = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex"))
_TAGS: Final = frozenset((b"udta", b"meta", b"ilst", b"keys"))
_MAX_BOXES: Final = 500_000
_MAX_TRACKS: Final = 64
_MAX_EDITS: Final = 200  # each makes FFmpeg go through all samples of its track
_MAX_DEPTH: Final = 8


class _Box(NamedTuple):
    kind: bytes
    kind_at: int
    body: int
    end: int


@dataclass(slots=True)
class _Budget:
    """What is left of the counts that a file of this size may declare."""

    data: bytes
    boxes: int = _MAX_BOXES
    tracks: int = _MAX_TRACKS
    edits: int = _MAX_EDITS
    samples: int = field(init=False)
    tag_offsets: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.samples = len(self.data)  # no sample is smaller than a byte


def without_tags(data: bytes) -> list[bytes | memoryview]:
    """The file in pieces, its tags marked as free space. Raises `InvalidAudio` for impossible counts."""
    budget = _Budget(data)
    _visit(budget, 0, len(data), _MAX_DEPTH)
    view, pieces, at = memoryview(data), list[bytes | memoryview](), 0
    for offset in budget.tag_offsets:
        pieces += (view[at:offset], b"free")
        at = offset + 4
    return [*pieces, view[at:]]


def _boxes(data: bytes, at: int, end: int) -> Iterator[_Box]:
    while at + 8 <= end:
        size, body = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, body = int.from_bytes(data[body : body + 8], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < body - at:
            return
        yield _Box(data[at + 4 : at + 8], at + 4, body, min(end, at + size))
        at += size


def _visit(budget: _Budget, start: int, end: int, depth: int) -> None:
    for box in _boxes(budget.data, start, end):
        budget.boxes -= 1
        if box.kind == b"trak":
            budget.tracks -= 1
        if box.kind in _TAGS:
            budget.tag_offsets.append(box.kind_at)
        elif box.kind in _BRANCHES and depth:
            _visit(budget, box.body, box.end, depth - 1)
        else:
            _charge(budget, box)
        if min(budget.boxes, budget.tracks, budget.samples, budget.edits) < 0:
            raise _refused()


def _charge(budget: _Budget, box: _Box) -> None:
    """Take what a table declares off the budget."""

    def number(offset: int) -> int:
        return int.from_bytes(budget.data[box.body + offset : box.body + offset + 4], "big")

    if box.kind == b"stsz":
        budget.samples -= number(8) * max(number(4), 1)
    elif box.kind == b"stz2":
        budget.samples -= number(8)
    elif box.kind == b"trun":
        budget.samples -= number(4)
    elif box.kind == b"elst":
        budget.edits -= number(4)
    elif box.kind == b"cmov":  # a compressed header: its size when unpacked is whatever it says
        raise _refused()


def _refused() -> InvalidAudio:
    return InvalidAudio(
        "The MP4 file is damaged or cut off: its tables describe more than the file holds. Export it again.",
        param="file",
    )
