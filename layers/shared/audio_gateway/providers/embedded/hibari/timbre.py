"""Another speaker's voice: pitch, intonation and formants are moved before the waveform is made.

The model's spectrum of a voiced sound is true only at the harmonics of its pitch, and means nothing between them. So it
is read at these, and the envelope through them is moved. Moving the waveform instead would move noise and consonants
with it, and smear them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.providers.embedded.hibari.frames import BIN_HZ, Frames

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.hibari.frames import Floats

_UNVOICED_SPACING: Final = 2.0  # frequencies over which the noise of an unvoiced frame is averaged
_LESS_BREATH: Final = 0.4  # in the logarithm of an amplitude: 3.5 dB


@dataclass(frozen=True, slots=True)
class Timbre:
    """A voice, relative to the model's: factors of its pitch and formants, and the exponent of its intonation.

    An `intonation` below 1 is flatter, above 1 livelier.
    """

    pitch: float
    formants: float
    intonation: float = 1.0


def in_timbre(frames: Frames, timbre: Timbre) -> Frames:
    """The frames as if that speaker had spoken them. The length stays."""
    import numpy as np

    if not len(frames):
        return frames
    voiced = frames.voiced
    spacing = np.where(voiced, frames.f0 / BIN_HZ, _UNVOICED_SPACING).astype(np.float32)  # of the harmonics, in bins
    bins = len(frames.harmonic)
    source = (np.arange(bins, dtype=np.float32) / np.float32(timbre.formants))[:, None]  # where each bin comes from
    louder = np.float32(0.5 * np.log(timbre.pitch))  # a deeper voice has more harmonics below a frequency
    left, right, share = _harmonics_around(source, spacing, bins)
    before = frames.harmonic.take(left)
    harmonic = before + share * (frames.harmonic.take(right) - before) + louder
    return Frames(
        harmonic,
        frames.phase.take(np.where(share < 0.5, left, right)),  # noqa: PLR2004 - the nearer one
        _averaged(frames.noise, source, spacing),
        _intoned(frames.f0, voiced, timbre),
    )


def _harmonics_around(source: Floats, spacing: Floats, bins: int) -> tuple[Any, Any, Floats]:
    """The bins of the harmonics below and above each place, as flat indices, and its share of the way between them."""
    import numpy as np

    number = np.maximum(source / spacing, 1)
    below = np.floor(number)
    share = number - below
    columns = np.arange(len(spacing), dtype=np.int32)

    def index(harmonic: Floats) -> Any:
        return np.minimum(np.rint(harmonic * spacing), bins - 1).astype(np.int32) * len(spacing) + columns

    return index(below), index(below + 1), share


def _averaged(noise: Floats, source: Floats, spacing: Floats) -> Floats:
    """The noise around each place, averaged over the width of a harmonic.

    Near the harmonics of a voiced frame it holds what the pulses left unexplained, which is not noise. The average of
    logarithms gives that little weight; `_LESS_BREATH` takes off the rest.
    """
    import numpy as np

    bins, count = noise.shape
    total = np.zeros((bins + 1, count), np.float32)
    np.cumsum(noise, axis=0, out=total[1:])
    half = spacing / 2
    columns = np.arange(count, dtype=np.int32)
    first = np.clip(source - half, 0, bins - 1).astype(np.int32)
    last = np.maximum(np.clip(source + 1 + half, 1, bins).astype(np.int32), first + 1)
    mean = (total.take(last * count + columns) - total.take(first * count + columns)) / (last - first)
    less = np.where(spacing > _UNVOICED_SPACING, np.float32(_LESS_BREATH), np.float32(0))
    averaged: Floats = (mean - less).astype(np.float32)
    return averaged


def _intoned(f0: Floats, voiced: Any, timbre: Timbre) -> Floats:
    import numpy as np

    if not voiced.any():
        return f0
    mean = np.exp(np.log(f0[voiced]).mean())
    moved = mean * timbre.pitch * (np.maximum(f0, 1) / mean) ** timbre.intonation
    return np.where(voiced, moved, f0).astype(np.float32)
