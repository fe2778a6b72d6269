"""MP4 and M4A (ISO/IEC 14496-12): tags taken out, and declared counts that the file cannot hold refused.

FFmpeg allocates what sample tables declare: a file of one kilobyte can ask it for gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from audio_gateway.audio.content import Content, Span
from audio_gateway.errors import InvalidAudio

_BRANCHES: Final = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex"))
_TAGS: Final = frozenset((b"udta", b"meta", b"ilst", b"keys"))
_MAX_BOXES: Final = 500_000
_BYTES_PER_BOX: Final = 200  # in files so large that they may have more: fragments of a tenth of a second
_MAX_TAGS: Final = 20_000
_MAX_TRACKS: Final = 64
_MAX_EDITS: Final = 200  # each makes FFmpeg go through all samples of its track
_MAX_SAMPLES: Final = 6_000_000  # of all tracks: some 30 hours, and 24 bytes of FFmpeg's memory each
_MAX_DEPTH: Final = 8
_ONE_EACH: Final = b"\x00\x00\x00\x01"


class _Box(NamedTuple):
    kind: bytes
    kind_at: int
    body: int
    end: int


@dataclass(slots=True)
class _Budget:
    """What is left of the counts that a file of this size may declare.

    `samples` are those that FFmpeg keeps an entry of; `payload` the bytes that samples take, one at least.
    """

    data: Content
    boxes: int = field(init=False)
    tracks: int = _MAX_TRACKS
    edits: int = _MAX_EDITS
    samples: int = _MAX_SAMPLES
    payload: int = field(init=False)
    tag_offsets: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.boxes = max(_MAX_BOXES, len(self.data) // _BYTES_PER_BOX)
        self.payload = len(self.data)

    def is_spent(self) -> bool:
        """Whether the file declares more than it may."""
        least = min(self.boxes, self.tracks, self.samples, self.payload, self.edits)
        return least < 0 or len(self.tag_offsets) > _MAX_TAGS


@dataclass(slots=True)
class _Track:
    """Counts of samples of one size, and whether each of them lasts one tick: FFmpeg then has no entry for each."""

    alike: int = 0
    one_tick: bool = True


def without_tags(data: Content) -> list[Span]:
    """The file in pieces, its tags marked as free space. Raises `InvalidAudio` for impossible counts."""
    budget, outside = _Budget(data), _Track()
    _visit(budget, outside, 0, len(data), _MAX_DEPTH)
    if outside.alike > budget.samples:
        raise _refused()
    pieces, at = list[Span](), 0
    for offset in budget.tag_offsets:
        pieces += ((at, offset), b"free")
        at = offset + 4
    return [*pieces, (at, len(data))]


def _boxes(data: Content, at: int, end: int) -> Iterator[_Box]:
    while at + 8 <= end:
        head = data[at : at + 16]
        size, body = int.from_bytes(head[:4], "big"), at + 8
        if size == 1:
            size, body = int.from_bytes(head[8:], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < body - at:
            return
        yield _Box(head[4:8], at + 4, body, min(end, at + size))
        at += size


def _visit(budget: _Budget, track: _Track, start: int, end: int, depth: int) -> None:
    for box in _boxes(budget.data, start, end):
        budget.boxes -= 1
        budget.tracks -= box.kind == b"trak"
        if box.kind in _TAGS:
            budget.tag_offsets.append(box.kind_at)
        elif box.kind == b"trak" and depth:
            inside = _Track()
            _visit(budget, inside, box.body, box.end, depth - 1)
            budget.samples -= 0 if inside.one_tick else inside.alike
        elif box.kind in _BRANCHES and depth:
            _visit(budget, track, box.body, box.end, depth - 1)
        else:
            _charge(budget, track, box)
        if budget.is_spent():
            raise _refused()


def _charge(budget: _Budget, track: _Track, box: _Box) -> None:
    """Take what a table declares off the budget."""
    head = budget.data[box.body : box.body + 16]

    def number(offset: int) -> int:
        return int.from_bytes(head[offset : offset + 4], "big")

    if box.kind == b"stsz" and number(4):
        track.alike += number(8)
        budget.payload -= number(8) * number(4)
    elif box.kind in (b"stsz", b"stz2"):
        budget.samples -= number(8)
        budget.payload -= number(8)
    elif box.kind == b"stts":
        track.one_tick = track.one_tick and head[4:8] == head[12:16] == _ONE_EACH
    elif box.kind == b"trun":
        budget.samples -= number(4)
        budget.payload -= number(4)
    elif box.kind == b"elst":
        budget.edits -= number(4)
    elif box.kind == b"cmov":  # a compressed header: its size when unpacked is whatever it says
        raise _refused()


def _refused() -> InvalidAudio:
    return InvalidAudio(
        "The MP4 file is damaged or cut off: its tables describe more than the file holds. Export it again.",
        param="file",
    )
