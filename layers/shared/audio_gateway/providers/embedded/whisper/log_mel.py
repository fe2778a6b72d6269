"""The features that Whisper hears: the logarithm of the energy in 80 bands, every 10 ms."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from audio_gateway.providers.embedded.mel import FRAME, SAMPLE_RATE, SPAN, mel_energies

__all__ = ["FRAME", "SAMPLE_RATE", "log_mel"]

_BANDS: Final = 80
_FULL_SCALE: Final = 32_768
_RANGE: Final = 8.0  # decades below the loudest; what is quieter counts as so quiet


def log_mel(pcm: bytes, frames: int) -> Any:
    """The features of s16le mono at 16 kHz as a float32 array of shape (1, 80, `frames`).

    Silence is added up to `frames`, and audio that is longer is cut off.
    """
    samples = np.zeros(frames * FRAME, np.float32)
    heard = np.frombuffer(pcm, "<i2", min(len(pcm) // 2, len(samples)))
    samples[: len(heard)] = heard
    samples /= _FULL_SCALE
    energies = mel_energies(np.pad(samples, SPAN // 2, mode="reflect"), _BANDS)[:frames].T
    energy = np.log10(np.maximum(energies, 1e-10))
    energy = np.maximum(energy, energy.max() - _RANGE)
    return np.ascontiguousarray((energy[None] + 4) / 4, np.float32)
