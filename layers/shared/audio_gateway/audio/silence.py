"""Finds the best point to cut audio: in a pause, or where it is quiet and speech is unlikely.

Levels are computed without numpy, which is not in the shared layer: only a minute in five is searched, and `min` and
`max` of a hundredth of a second run at the speed of C.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from audio_gateway.audio.silero import WINDOW, speech_probabilities
from audio_gateway.errors import ConfigurationError

CHUNK_SAMPLE_RATE: Final = 16_000
"""Sample rate in hertz of the audio that is cut."""
FRAME: Final = CHUNK_SAMPLE_RATE // 100
"""Samples of a frame, 10 ms. Cut points are whole frames, and so whole milliseconds."""
MIN_SILENCE_MS: Final = 150
"""The least length of a pause; the silence before a `t` or a `k` within a word is shorter."""

_PAUSE: Final = MIN_SILENCE_MS // 10  # frames
_LONG_PAUSE: Final = 100  # frames: longer pauses are not better
_INAUDIBLE: Final = 64  # between the highest and the lowest sample: a peak of -60 dBFS
_ABOVE_FLOOR: Final = 2  # 6 dB: the variation of the noise of a room
_SPEECH_WEIGHT: Final = 0.5  # how much certain speech counts, compared with the usual level
_CONTRAST: Final = 4  # 12 dB: silence must be that far below the voices to be told apart


@dataclass(frozen=True, slots=True)
class CutPoint:
    """A point to cut at: `sample` counts from the beginning; `silent` says that it is in the middle of a pause."""

    sample: int
    silent: bool


def best_cut(pcm: bytes | bytearray | memoryview, near: int) -> CutPoint:
    """The best point in s16le mono at `CHUNK_SAMPLE_RATE` Hz: in the longest pause, or in the one nearest to `near`.

    Without a pause it is the quietest point where the Silero model hears no speech, if a layer of the function has it,
    or just the quietest point; of equal ones, the nearest to `near`. `near` is a sample; at least one frame is needed.
    """
    pcm = bytes(pcm)
    levels = _levels(array("h", pcm))
    target = near // FRAME
    best = max(_pauses(levels), key=lambda pause: _rank(pause, target), default=None)
    if best is not None:
        return CutPoint(_within(best, target) * FRAME, silent=True)
    return CutPoint(_lowest(_spoken(levels, pcm), target) * FRAME, silent=False)


def _levels(samples: array[int]) -> list[int]:
    """The range of the samples of each frame: unlike the peak, it is not affected by the offset of cheap recorders."""
    frames = (samples[at : at + FRAME] for at in range(0, len(samples) - FRAME + 1, FRAME))
    return [max(frame) - min(frame) for frame in frames]


def _pauses(levels: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first frame of each pause, and the first frame after it."""
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
    """The highest level that counts as silence: near the lowest level, and far below the loud ones."""
    ordered = sorted(levels)
    quiet, loud = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    if loud <= _INAUDIBLE:
        return _INAUDIBLE
    return min(max(quiet * _ABOVE_FLOOR, _INAUDIBLE), loud // _CONTRAST)


def _rank(pause: tuple[int, int], target: int) -> tuple[int, int]:
    return min(pause[1] - pause[0], _LONG_PAUSE), -abs(_within(pause, target) - target)


def _within(pause: tuple[int, int], target: int) -> int:
    """The middle of a pause; in a long one, the point nearest to the target with half a second on each side."""
    start, end = pause
    if end - start <= _LONG_PAUSE:
        return (start + end) // 2
    return min(max(target, start + _LONG_PAUSE // 2), end - _LONG_PAUSE // 2)


def _spoken(levels: Sequence[int], pcm: bytes) -> Sequence[int]:
    """How much each frame stands out, in hundredths of the usual level, plus how likely there is speech in it."""
    try:
        probabilities = [round(each, 1) for each in speech_probabilities([pcm])]
    except ConfigurationError:
        return levels
    lowest, usual = min(levels), sorted(levels)[len(levels) // 2]
    return [
        round(100 * ((level - lowest) / max(1, usual - lowest) + _SPEECH_WEIGHT * probabilities[at * FRAME // WINDOW]))
        for at, level in enumerate(levels)
    ]


def _lowest(levels: Sequence[int], target: int) -> int:
    """The middle of the quietest range as long as a pause."""
    length = min(_PAUSE, len(levels))
    sums = list(accumulate(levels, initial=0))
    starts = range(len(levels) - length + 1)
    best = min(starts, key=lambda at: (sums[at + length] - sums[at], abs(at + length // 2 - target)))
    return best + length // 2
