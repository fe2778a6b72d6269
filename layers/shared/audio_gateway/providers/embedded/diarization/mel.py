"""The energies that the encoder of voices hears, 100 times a second."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from audio_gateway.providers.embedded import mel

FRAMES_PER_SECOND: Final = mel.SAMPLE_RATE // mel.FRAME
BANDS: Final = 40


def mel_energies(samples: Any) -> Any:
    """The energies, float32 `[frames, BANDS]`, of float32 samples at 16 kHz; frame n is around n * 10 ms."""
    return mel.mel_energies(np.pad(samples, mel.SPAN // 2), BANDS)
