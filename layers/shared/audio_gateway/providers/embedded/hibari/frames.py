"""Speech as the model describes it: one spectrum for each 12.5 ms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SAMPLE_RATE: Final = 24_000
FRAME_S: Final = 0.0125
BIN_HZ: Final = 20.0
"""The distance of two neighbouring frequencies in a spectrum."""

VOICED_HZ: Final = 40.0
"""The model's pitch is below this where the vocal folds do not vibrate."""

_LOUDEST: Final = 7.0  # the logarithm of an amplitude; the package limits it here as well
_SILENT: Final = -3.0  # the logarithm of the highest amplitude in a frame; the model's silence has -9, speech 0 to 6
_QUIETER: Final = 5.75  # than the loudest frame, as logarithm: 50 dB
_KEPT_FRAMES: Final = 2  # of the silence on either side


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of speech, one column of 601 frequencies (0 to 12 kHz) for each.

    A pulse train with the pitch `f0` (Hz) is filtered by `harmonic` (log amplitude) and `phase` (its tanh times pi);
    noise with the amplitude of `noise` (log) is added. All are float32, of shape [601, frames], `f0` of shape [frames].
    """

    harmonic: Floats
    phase: Floats
    noise: Floats
    f0: Floats

    def __len__(self) -> int:
        return len(self.f0)

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Which frames have a pitch."""
        return self.f0 > VOICED_HZ

    def without_silence(self) -> Frames:
        """The frames from the first audible one to the last, with 25 ms around; none if all are silent."""
        import numpy as np

        tone = np.where(self.voiced, self.harmonic.max(axis=0, initial=_SILENT), _SILENT)
        loud = np.maximum(self.noise.max(axis=0, initial=_SILENT), tone)
        audible = np.flatnonzero(loud > max(_SILENT, loud.max(initial=_SILENT) - _QUIETER))
        if not len(audible):
            return self._columns(slice(0, 0))
        first, last = int(audible[0]) - _KEPT_FRAMES, int(audible[-1]) + 1 + _KEPT_FRAMES
        return self._columns(slice(max(0, first), last))

    def at_speed(self, speed: float) -> Frames:
        """The frames `speed` times as fast, to a frame: between two frames, spectra and pitch are interpolated."""
        import numpy as np

        if speed == 1 or not len(self):
            return self
        count = max(1, round(len(self) / speed))
        at = np.clip((np.arange(count) + 0.5) * (len(self) / count) - 0.5, 0, len(self) - 1)
        left = at.astype(np.intp)
        right = np.minimum(left + 1, len(self) - 1)
        share = (at - left).astype(np.float32)
        nearest = np.where(share < 0.5, left, right)  # noqa: PLR2004 - the middle
        both = self.voiced[left] & self.voiced[right]
        return Frames(
            _between(self.harmonic, left, right, share),
            self.phase[:, nearest],
            _between(self.noise, left, right, share),
            np.where(both, _between(self.f0, left, right, share), self.f0[nearest]),
        )

    def _columns(self, kept: slice) -> Frames:
        return replace(
            self,
            harmonic=self.harmonic[:, kept],
            phase=self.phase[:, kept],
            noise=self.noise[:, kept],
            f0=self.f0[kept],
        )


def amplitude(logarithm: Floats) -> Floats:
    """The amplitude of which this is the logarithm, within the model's range."""
    import numpy as np

    return np.exp(np.minimum(logarithm, _LOUDEST))


def _between(values: Floats, left: Any, right: Any, share: Floats) -> Floats:
    """Linear interpolation along the last axis."""
    before = values[..., left]
    return before + share * (values[..., right] - before)
