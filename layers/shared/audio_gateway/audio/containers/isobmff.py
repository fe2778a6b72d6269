"""MP4 and M4A (ISO/IEC 14496-12): finds the tracks, removes tags and other tracks, and refuses impossible counts.

FFmpeg allocates what sample tables declare: a file of one kilobyte can request gigabytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Final

from audio_gateway.audio.containers.boxes import Box, boxes
from audio_gateway.audio.content import AudioContent, Span
from audio_gateway.errors import InvalidAudio

_BRANCHES: Final = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex"))
_TAGS: Final = frozenset((b"udta", b"meta", b"ilst", b"keys"))
_DESCRIBING: Final = frozenset((b"tkhd", b"hdlr", b"mdhd", b"stsd", b"elst", b"stts"))
_TOP: Final = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx", b"ssix", b"mfra", b"meta",
     b"udta", b"uuid", b"emsg", b"prft", b"pdin")
)  # fmt: skip
_MAX_BOXES: Final = 500_000
_BYTES_PER_BOX: Final = 200  # in large files, which may have more: fragments of a tenth of a second
_MAX_TAGS: Final = 20_000
_MAX_TRACKS: Final = 64
_MAX_EDITS: Final = 200  # each makes FFmpeg read all samples of its track
_MAX_SAMPLES: Final = 6_000_000  # of all tracks: about 30 hours, with 24 bytes of FFmpeg's memory each
_MAX_DEPTH: Final = 8
_ZERO: Final = Fraction(0)
_MOST_TABLE_BYTES: Final = 65_536  # of a table of durations: with a constant sample duration it has one or two rows
_USUAL_PACE: Final = b"\x00\x01\x00\x00"
_ONE_EACH: Final = b"\x00\x00\x00\x01"


@dataclass(slots=True)
class _Budget:
    """The counts that the rest of a file of this size may still declare, and the results of the walk.

    `samples` are those for which FFmpeg keeps an entry; `payload` is the number of bytes for samples, at least one for
    each; `begins` has the start of a track's first fragment, by the number of the track.
    """

    data: AudioContent
    boxes: int = field(init=False)
    edits: int = _MAX_EDITS
    samples: int = _MAX_SAMPLES
    payload: int = field(init=False)
    tag_offsets: list[int] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    runs: list[tuple[int, int]] = field(default_factory=list)
    begins: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.boxes = max(_MAX_BOXES, len(self.data) // _BYTES_PER_BOX)
        self.payload = len(self.data)

    def is_spent(self) -> bool:
        """Whether the file declares too much."""
        least = min(self.boxes, self.samples, self.payload, self.edits)
        return least < 0 or len(self.tag_offsets) > _MAX_TAGS or len(self.tracks) > _MAX_TRACKS


@dataclass(slots=True)
class Track:
    """The description of a track by its boxes.

    `kind_at` is the position of the box's name, `id` the track's number, `handler` its type (`soun` is audio).
    `media_s` is the length of all its samples, None if it is not in one short table. `ordinary` says that every sample
    is played once, in order, with no edit except the one that skips an encoder's padding.

    `samples` counts the samples whose size is in a table, `alike` those of one common size, and `one_tick` says that
    each lasts one tick: FFmpeg then keeps no entries for them.
    """

    kind_at: int = 0
    id: int = 0
    handler: bytes = b""
    timescale: int = 0
    ticks: int | None = None
    ordinary: bool = True
    edits: int = 0
    samples: int = 0
    alike: int = 0
    one_tick: bool = True

    @property
    def extra_entries(self) -> int:
        """FFmpeg's entries beside those of the tables: samples of one size, and all samples again for each edit."""
        alike = 0 if self.one_tick else self.alike
        return alike + (self.samples + alike) * max(0, self.edits - 1)

    @property
    def media_s(self) -> Fraction | None:
        """Seconds of all samples."""
        return Fraction(self.ticks, self.timescale) if self.ticks and self.timescale else None


@dataclass(frozen=True, slots=True)
class Mp4Outline:
    """The structure of a file.

    `samples` counts those of all tracks and fragments; None if they are not packets, as in PCM. `single` says that the
    file is one recording from the first byte to the last. `begin_s` is the start of the recording: zero, or that of its
    first fragment.
    """

    size: int
    tag_offsets: tuple[int, ...]
    tracks: tuple[Track, ...]
    runs: tuple[tuple[int, int], ...]
    samples: int | None
    single: bool
    begin_s: Fraction

    @property
    def audio(self) -> tuple[Track, ...]:
        """The audio tracks."""
        return tuple(track for track in self.tracks if track.handler == b"soun")

    def only(self, track: Track) -> list[Span]:
        """The file as spans, with its tags, other tracks and their fragments marked as free space."""
        others = [other.kind_at for other in self.tracks if other is not track]
        runs = [at for at, number in self.runs if number != track.id]
        pieces, at = list[Span](), 0
        for offset in sorted({*self.tag_offsets, *others, *runs}):
            if offset >= at:
                pieces += ((at, offset), b"free")
                at = offset + 4
        return [*pieces, (at, self.size)]


def outline(data: AudioContent) -> Mp4Outline:
    """Walk the file; raises `InvalidAudio` for impossible counts."""
    budget, outside = _Budget(data), Track()
    _visit(budget, outside, 0, len(data), _MAX_DEPTH)
    if outside.alike > budget.samples:
        raise _refused()
    samples = None if any(track.alike for track in budget.tracks) else _MAX_SAMPLES - budget.samples
    tags, tracks, runs = tuple(budget.tag_offsets), tuple(budget.tracks), tuple(budget.runs)
    scales = {track.id: track.timescale for track in tracks if track.timescale}
    begin_s = min(
        (Fraction(at, scales[number]) for number, at in budget.begins.items() if number in scales), default=_ZERO
    )
    return Mp4Outline(len(data), tags, tracks, runs, samples, single=_is_single(data), begin_s=begin_s)


def _is_single(data: AudioContent) -> bool:
    """Whether a file consists of the boxes of one recording, up to its last byte."""
    at, kinds = 0, list[bytes]()
    for box in boxes(data, 0, len(data)):
        at = box.end if box.whole else -1
        kinds.append(box.kind)
    once = kinds.count(b"moov") == 1 and kinds.count(b"ftyp") <= 1
    return at == len(data) and once and _TOP.issuperset(kinds)


def _visit(budget: _Budget, track: Track, start: int, end: int, depth: int) -> None:
    for box in boxes(budget.data, start, end):
        budget.boxes -= 1
        if box.kind in _TAGS:
            budget.tag_offsets.append(box.kind_at)
        elif box.kind == b"trak":
            inside = Track(kind_at=box.kind_at)
            budget.tracks.append(inside)
            if depth:
                _visit(budget, inside, box.body, box.end, depth - 1)
            budget.samples -= inside.extra_entries
        elif box.kind in _BRANCHES and depth:
            if box.kind == b"traf":
                number, ticks = _run(budget.data, box)
                budget.runs.append((box.kind_at, number))
                budget.begins.setdefault(number, ticks)
            _visit(budget, track, box.body, box.end, depth - 1)
        else:
            _charge(budget, track, box)
            if box.kind in _DESCRIBING:
                _describe(budget.data, track, box)
        if budget.is_spent():
            raise _refused()


def _charge(budget: _Budget, track: Track, box: Box) -> None:
    """Subtract what a table declares from the budget."""
    head = budget.data[box.body : box.body + 16]

    def number(offset: int) -> int:
        return int.from_bytes(head[offset : offset + 4], "big")

    if box.kind == b"stsz" and number(4):
        track.alike += number(8)
        budget.payload -= number(8) * number(4)
    elif box.kind in (b"stsz", b"stz2"):
        track.samples += number(8)
        budget.samples -= number(8)
        budget.payload -= number(8)
    elif box.kind == b"stts":
        track.one_tick = track.one_tick and head[4:8] == head[12:16] == _ONE_EACH
    elif box.kind == b"trun":
        budget.samples -= number(4)
        budget.payload -= number(4)
    elif box.kind == b"elst":
        track.edits += number(4)
        budget.edits -= number(4)
    elif box.kind == b"cmov":  # a compressed header can declare any uncompressed size
        raise _refused()


def _describe(data: AudioContent, track: Track, box: Box) -> None:
    """Read a box that describes a track. A second box of the same kind makes the track not `ordinary`."""
    body = data[box.body : min(box.end, box.body + _MOST_TABLE_BYTES)]

    def number(offset: int, size: int = 4) -> int:
        return int.from_bytes(body[offset : offset + size], "big")

    long = body[:1] == b"\x01"
    if box.kind == b"tkhd":
        track.ordinary = track.ordinary and not track.id
        track.id = number(20 if long else 12)
    elif box.kind == b"hdlr" and not track.handler:
        track.handler = body[8:12]
    elif box.kind == b"mdhd":
        track.timescale = number(20 if long else 12)
    elif box.kind == b"stsd":
        track.ordinary = track.ordinary and number(4) == 1
    elif box.kind == b"elst":
        # One edit at normal speed: the length of the decoded audio shows where it begins and ends.
        pace = body[24:28] if long else body[16:20]
        track.ordinary = track.ordinary and number(4) <= 1 and (not number(4) or pace == _USUAL_PACE)
    elif box.kind == b"stts":
        rows = body[8 : 8 + 8 * number(4)]
        known = len(rows) == 8 * number(4) and track.ticks is None
        track.ordinary = track.ordinary and known
        track.ticks = sum(count * each for count, each in struct.iter_unpack(">II", rows)) if known else None


def _run(data: AudioContent, run: Box) -> tuple[int, int]:
    """The number of the track of a fragment, and its start in the track's ticks."""
    heads = {box.kind: data[box.body : box.body + 12] for box in islice(boxes(data, run.body, run.end), 3)}
    time = heads.get(b"tfdt", b"")
    begin = time[4:12] if time[:1] == b"\x01" else time[4:8]
    return int.from_bytes(heads.get(b"tfhd", b"")[4:8], "big"), int.from_bytes(begin, "big")


def _refused() -> InvalidAudio:
    return InvalidAudio(
        "The MP4 file is damaged or cut off: its tables describe more than the file holds. Export it again."
    )
