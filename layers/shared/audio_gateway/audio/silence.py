"""Where nobody speaks: the place in a stretch of audio at which it can be cut.

Without numpy, which would add tens of megabytes to the layer for this alone: what is looked at is a minute out of five,
and the greatest and the least of a hundredth of a second are found at the speed of C.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

CHUNK_SAMPLE_RATE: Final = 16_000
"""Hertz of the audio that is looked at."""
FRAME: Final = CHUNK_SAMPLE_RATE // 100
"""Samples of a frame, 10 ms. Places are whole frames, so that they are whole milliseconds too."""
MIN_SILENCE_MS: Final = 150
"""Quiet for that long is a pause; the closure before a `t` or a `k`, in the middle of a word, is shorter."""

_PAUSE: Final = MIN_SILENCE_MS // 10  # frames
_LONG_PAUSE: Final = 100  # frames: longer ones are no better to cut in
_INAUDIBLE: Final = 64  # between the greatest and the least sample: a peak of -60 dBFS
_ABOVE_FLOOR: Final = 2  # 6 dB: how far the noise of a room goes up and down
_CONTRAST: Final = 4  # 12 dB: how far below the voices silence must be, or it is not told from them


@dataclass(frozen=True, slots=True)
class CutPoint:
    """A place to cut at: `sample` counts from the beginning. `silent` says that it is in the middle of a pause."""

    sample: int
    silent: bool


def quietest(pcm: bytes | bytearray | memoryview, near: int) -> CutPoint:
    """The best place in s16le mono at `CHUNK_SAMPLE_RATE` Hz: in the longest pause, of equal ones that by `near`.

    Where there is no pause, it is the quietest place, and next to `near` of those as quiet. `near` is a sample; at
    least one frame is needed.
    """
    levels = _levels(array("h", bytes(pcm)))
    target = near // FRAME
    best = max(_pauses(levels), key=lambda pause: _worth(pause, target), default=None)
    if best is not None:
        return CutPoint(_within(best, target) * FRAME, silent=True)
    return CutPoint(_lowest(levels, target) * FRAME, silent=False)


def _levels(samples: array[int]) -> list[int]:
    """How far the samples of each frame reach: untouched by an offset, as cheap recorders have one."""
    frames = (samples[at : at + FRAME] for at in range(0, len(samples) - FRAME + 1, FRAME))
    return [max(frame) - min(frame) for frame in frames]


def _pauses(levels: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First frame of each pause, and the first behind it."""
    most = _silence_up_to(levels)
    start = None
    for index, level in enumerate(levels):
        if level <= most:
            start = index if start is None else start
        elif start is not None:
            if index - start >= _PAUSE:
                yield start, index
            start = None
    if start is not None and len(levels) - start >= _PAUSE:
        yield start, len(levels)


def _silence_up_to(levels: Sequence[int]) -> int:
    """The highest level that is silence here: near the lowest there is, and far from the loud ones."""
    ordered = sorted(levels)
    quiet, loud = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    if loud <= _INAUDIBLE:
        return _INAUDIBLE
    return min(max(quiet * _ABOVE_FLOOR, _INAUDIBLE), loud // _CONTRAST)


def _worth(pause: tuple[int, int], target: int) -> tuple[int, int]:
    return min(pause[1] - pause[0], _LONG_PAUSE), -abs(_within(pause, target) - target)


def _within(pause: tuple[int, int], target: int) -> int:
    """The middle of a pause; in one that is long, the place next to the target that has half a second on each side."""
    start, end = pause
    if end - start <= _LONG_PAUSE:
        return (start + end) // 2
    return min(max(target, start + _LONG_PAUSE // 2), end - _LONG_PAUSE // 2)


def _lowest(levels: Sequence[int], target: int) -> int:
    """The middle of the quietest stretch as long as a pause."""
    length = min(_PAUSE, len(levels))
    sums = list(accumulate(levels, initial=0))
    starts = range(len(levels) - length + 1)
    best = min(starts, key=lambda at: (sums[at + length] - sums[at], abs(at + length // 2 - target)))
    return best + length // 2
