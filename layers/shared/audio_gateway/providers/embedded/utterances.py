"""Cuts audio in pauses, into pieces that are short enough to be decoded in one call."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

SAMPLE_RATE: Final = 16_000
FRAME_MS: Final = 30
FRAME_BYTES: Final = SAMPLE_RATE * FRAME_MS // 1000 * 2

_SHORTEST: Final = 5_000 // FRAME_MS  # frames; the recogniser needs some seconds to adapt to a voice
_LONGEST: Final = 10_000 // FRAME_MS  # frames; one piece is decoded in one call, which no deadline can interrupt
_PAUSE: Final = 300 // FRAME_MS  # frames; shorter pauses are within sentences
_QUIET: Final = 0.08  # of the loudest frame of the piece
_CUT: Final = 3  # frames; without a pause, the quietest 90 ms are the best place


@dataclass(frozen=True, slots=True)
class Utterance:
    """A piece of the audio, s16le mono at 16 kHz; `start_ms` counts from the start of the whole."""

    start_ms: int
    pcm: bytes


def utterances(pcm: Iterable[bytes]) -> Iterator[Utterance]:
    """All of the audio, cut in pauses after 5 s, or else at the quietest moment between 5 and 10 s."""
    start = 0
    held = bytearray()
    levels: list[int] = []
    for frame in _frames(pcm):
        held += frame
        levels.append(_level(frame))
        end = _end(levels)
        if end:
            yield Utterance(start * FRAME_MS, bytes(held[: end * FRAME_BYTES]))
            start += end
            del held[: end * FRAME_BYTES], levels[:end]
    if held:
        yield Utterance(start * FRAME_MS, bytes(held))


def _frames(pcm: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pcm:
        data = rest + piece
        whole = len(data) - len(data) % FRAME_BYTES
        for at in range(0, whole, FRAME_BYTES):
            yield data[at : at + FRAME_BYTES]
        rest = data[whole:]
    if rest:
        yield rest


def _level(frame: bytes) -> int:
    samples = array("h", frame)
    return max(samples) - min(samples)


def _end(levels: list[int]) -> int:
    """The number of frames of the next piece; 0 while more are needed."""
    if len(levels) < _SHORTEST:
        return 0
    quiet = _QUIET * max(levels)
    if all(level <= quiet for level in levels[-_PAUSE:]):
        return len(levels) - _PAUSE // 2
    if len(levels) < _LONGEST:
        return 0
    places = range(_LONGEST // 2, _LONGEST - _CUT)
    return min(places, key=lambda at: sum(levels[at : at + _CUT])) + _CUT // 2
