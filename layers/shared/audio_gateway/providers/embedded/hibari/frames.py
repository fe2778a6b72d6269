"""Speech as the model describes it: one spectrum for each 12.5 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]

FRAME: Final = 300
"""Samples of a frame."""

VOICED_HZ: Final = 40.0
"""The model's pitch is below this where the vocal folds do not vibrate."""

_SILENT: Final = -3.0  # the logarithm of the highest amplitude in a frame; the model's silence has -9, speech 0 to 6
_QUIETER: Final = 5.75  # than the loudest frame, as logarithm: 50 dB
_KEPT_FRAMES: Final = 2  # of the silence on either side


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of speech, one column of 601 frequencies (0 to 12 kHz) for each.

    A pulse train with the pitch `f0` (Hz) is filtered by `harmonic` (log amplitude) and `phase` (its tanh times pi);
    a spectrum of the log amplitude `residual` and the angle `residual_phase` is added: breath, consonants, and what the
    pulses leave unexplained. All are float32, of shape [601, frames], `f0` of shape [frames].
    """

    harmonic: Floats
    phase: Floats
    residual: Floats
    residual_phase: Floats
    f0: Floats

    def __len__(self) -> int:
        return len(self.f0)

    def without_silence(self) -> Frames:
        """The frames from the first audible one to the last, with 25 ms around; none if all are silent."""
        tone = np.where(self.f0 > VOICED_HZ, self.harmonic.max(axis=0, initial=_SILENT), _SILENT)
        loud = np.maximum(self.residual.max(axis=0, initial=_SILENT), tone)
        audible = np.flatnonzero(loud > max(_SILENT, loud.max(initial=_SILENT) - _QUIETER))
        if not len(audible):
            return self._columns(slice(0, 0))
        first, last = int(audible[0]) - _KEPT_FRAMES, int(audible[-1]) + 1 + _KEPT_FRAMES
        return self._columns(slice(max(0, first), last))

    def _columns(self, kept: slice) -> Frames:
        return Frames(
            self.harmonic[:, kept],
            self.phase[:, kept],
            self.residual[:, kept],
            self.residual_phase[:, kept],
            self.f0[kept],
        )
