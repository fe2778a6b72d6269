"""Another speaker's voice, and another speed: pitch, intonation, formants and length of a waveform are moved.

This is TD-PSOLA (time-domain pitch-synchronous overlap and add). The waveform is cut into grains of two periods of its
pitch, which are laid out again closer or wider, some of them twice or not at all; a grain itself is compressed or
stretched to move the formants. Where each period begins is not estimated: the model's pitch says it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from audio_gateway.providers.embedded.hibari.frames import FRAME, VOICED_HZ, Floats
from audio_gateway.providers.embedded.hibari.voices import SAMPLE_RATE, Timbre

if TYPE_CHECKING:  # no layer has it
    from numpy.typing import NDArray

_UNVOICED_PERIOD: Final = 120.0  # samples: 5 ms
_BATCH: Final = 2_000  # grains added together; it limits the memory
_NOISE_GAIN: Final = 1.15  # grains of noise do not add up in phase: 3/8 of the power of each of the two that overlap
_GOLDEN: Final = 0.618  # repeated noise is heard as a tone, unless each grain comes from a place of its own


@dataclass(frozen=True, slots=True)
class _Marks:
    """Places in a waveform, in samples: where each period begins, and its length. They rise."""

    at: NDArray[np.float64]
    period: NDArray[np.float64]
    voiced: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Grains:
    """Grains by the middle of each in the new sound and in the old, half its length in the new one, and its gain."""

    at: NDArray[np.float64]
    came_from: NDArray[np.float64]
    reach: NDArray[np.float64]
    louder: NDArray[np.float64]


def in_timbre(samples: Floats, f0: Floats, timbre: Timbre, speed: float = 1.0) -> Floats:
    """The waveform as if that speaker had spoken it, `speed` times as fast (to a sample).

    Float32 mono at 24 kHz; `f0` has the pitch of each 300 samples in Hz, below 40 where there is none.
    """
    if not len(samples) or (speed == 1 and timbre == Timbre(1.0, 1.0)):
        return samples
    marks = _marks(f0)
    step = marks.period / _pitch_factors(marks, timbre)
    length = max(1, round(len(samples) / speed))
    chosen, at = _laid_out(marks.at, step, length, speed)
    came_from = marks.at[chosen]
    if speed < 1:
        shift = (np.arange(len(chosen)) * _GOLDEN % 1 - 0.5) * 2 * _UNVOICED_PERIOD
        came_from = came_from + np.where(marks.voiced[chosen], 0, shift)
    reach = np.where(marks.voiced, marks.period / timbre.formants, step)
    louder = np.where(marks.voiced, np.sqrt(step / reach), _NOISE_GAIN)  # fewer grains, each with more power
    out = np.zeros(length, np.float32)
    for first in range(0, len(chosen), _BATCH):
        some = slice(first, first + _BATCH)
        grains = _Grains(at[some], came_from[some], reach[chosen[some]], louder[chosen[some]])
        _add(grains, samples, timbre.formants, out)
    return out


def _marks(f0: Floats) -> _Marks:
    """The beginnings of the periods, as the package places its pulses; every 5 ms where there is no pitch."""
    centres = np.arange(len(f0)) * FRAME + (FRAME - 1) / 2
    pitch = np.interp(np.arange(len(f0) * FRAME), centres, f0)
    voiced = pitch > VOICED_HZ
    np.maximum(pitch, VOICED_HZ, out=pitch)
    cycles = np.cumsum(pitch) / SAMPLE_RATE
    whole = np.floor(cycles)
    begins = np.flatnonzero((np.diff(whole) > 0) & voiced[1:]) + 1
    period = SAMPLE_RATE / pitch[begins]
    tonal = begins - (cycles[begins] - whole[begins]) * period
    noisy = np.flatnonzero(~voiced[:: int(_UNVOICED_PERIOD)]) * _UNVOICED_PERIOD
    at = np.concatenate([[0.0], tonal, noisy])  # the first one is there even if nothing else is
    periods = np.concatenate([[_UNVOICED_PERIOD], period, np.full(len(noisy), _UNVOICED_PERIOD)])
    order = at.argsort(kind="stable")
    tones = np.zeros(len(at), np.bool_)
    tones[1 : 1 + len(tonal)] = True
    return _Marks(at[order], periods[order], tones[order])


def _pitch_factors(marks: _Marks, timbre: Timbre) -> NDArray[np.float64]:
    """The factor of the pitch at each mark; noise keeps its grains' distance."""
    if not marks.voiced.any():
        return np.ones(len(marks.at))
    mean = np.exp(np.log(marks.period[marks.voiced]).mean())
    factors = timbre.pitch * (mean / marks.period) ** (timbre.intonation - 1)
    return np.where(marks.voiced, factors, 1.0)


def _laid_out(
    marks: NDArray[np.float64], step: NDArray[np.float64], length: int, speed: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which mark's grain is laid where: the one that is nearest in the sound as it was."""
    middles = [*((marks[1:] + marks[:-1]) / (2 * speed)).tolist(), float("inf")]
    steps = step.tolist()
    chosen, places = [], []
    mark, place = 0, 0.0
    while place < length:
        while place > middles[mark]:
            mark += 1
        chosen.append(mark)
        places.append(place)
        place += steps[mark]
    return np.array(chosen, np.intp), np.array(places)


def _add(grains: _Grains, samples: Floats, formants: float, out: Floats) -> None:
    start = np.ceil(grains.at - grains.reach).astype(np.int64)
    sizes = np.floor(grains.at + grains.reach).astype(np.int64) - start + 1
    ends = np.cumsum(sizes)

    def each(values: Any, kind: Any = np.float32) -> Any:
        return np.repeat(values.astype(kind), sizes)

    within = np.arange(int(ends[-1]), dtype=np.int32) - each(ends - sizes, np.int32)
    way = within + each(start - grains.at)  # from the grain's middle, in samples of `out`
    window = np.cos(way * each(np.pi / 2 / grains.reach))
    window *= window
    window *= each(grains.louder)
    way *= np.float32(formants)
    whole = np.floor(grains.came_from)
    way += each(grains.came_from - whole)
    left = np.floor(way)
    way -= left
    index = left.astype(np.int32) + each(whole, np.int32)
    before = samples.take(index, mode="clip")
    moved = samples.take(index + 1, mode="clip")
    moved -= before
    moved *= way
    moved += before
    moved *= window
    origin = int(start.min())
    within += each(start - origin, np.int32)
    total = np.bincount(within, weights=moved)
    first, last = max(0, origin), min(len(out), origin + len(total))
    out[first:last] += total[first - origin : last - origin]
