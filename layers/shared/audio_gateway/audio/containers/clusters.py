"""Finds the start time of a Matroska file: that of its first picture or sound."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from audio_gateway.audio.containers.ebml import Element, MatroskaOutline, element_at, fields, number_at, whole_number
from audio_gateway.audio.content import AudioContent

_TICK: Final = 0x2AD7B1  # of the clock, in nanoseconds
_USUAL_TICK: Final = 1_000_000
_TRACK_NUMBER: Final = 0xD7
_TRACK_TYPE: Final = 0x83
_SEEN_OR_HEARD: Final = frozenset((1, 2))  # not subtitles, which begin with the first words
_CLUSTER: Final = 0x1F43B675
_TIME: Final = 0xE7
_GROUP: Final = 0xA0
_BLOCKS: Final = frozenset((0xA1, 0xA3))
_MOST_ELEMENTS: Final = 2_000  # of the first cluster, while a track is missing in it
_BLOCK_HEAD_BYTES: Final = 10


def begin_of(data: AudioContent, outline: MatroskaOutline) -> Fraction | None:
    """The start in seconds on the file's clock; None if it is not in the first cluster."""
    cluster = outline.cluster
    if cluster is None or cluster.identifier != _CLUSTER:
        return None
    missing = {number for number in (_number_of(data, track) for track in outline.tracks) if number}
    first, base, at = None, 0, cluster.at + cluster.head
    for _ in range(_MOST_ELEMENTS):
        element = element_at(data, at) if cluster.endless or at < cluster.end else None
        if element is None or element.identifier == _CLUSTER or not missing:
            break
        at = element.at + element.head if element.identifier == _GROUP else element.end
        if element.identifier == _TIME:
            base = whole_number(data, element)
        elif element.identifier in _BLOCKS:
            number, ticks = _block(data, element)
            if number in missing:
                missing.discard(number)
                first = base + ticks if first is None else min(first, base + ticks)
    return None if first is None else Fraction(first * _tick(data, outline), 1_000_000_000)


def _number_of(data: AudioContent, track: Element) -> int:
    """The number of a video or audio track; 0 for any other."""
    values = {field.identifier: whole_number(data, field) for field in fields(data, track)}
    return values.get(_TRACK_NUMBER, 0) if values.get(_TRACK_TYPE) in _SEEN_OR_HEARD else 0


def _block(data: AudioContent, block: Element) -> tuple[int, int]:
    """The track of a block, and its ticks since the start of the cluster."""
    start = block.at + block.head
    head = data[start : start + _BLOCK_HEAD_BYTES]
    number, end = number_at(head, 0, keep_marker=False)
    return number, int.from_bytes(head[end : end + 2], "big", signed=True)


def _tick(data: AudioContent, outline: MatroskaOutline) -> int:
    found = () if outline.info is None else fields(data, outline.info)
    return next((whole_number(data, field) for field in found if field.identifier == _TICK), _USUAL_TICK)
