"""The energy of speech in bands of pitch as people hear it, 100 times a second."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

SAMPLE_RATE: Final = 16_000
"""Samples per second of the audio."""
FRAME: Final = 160
"""Samples from one frame to the next: 10 ms."""
SPAN: Final = 400
"""Samples that a frame looks at: 25 ms."""

# Slaney's scale: linear up to 1,000 Hz, then logarithmic.
_LINEAR_HZ: Final = 1_000.0
_HZ_PER_MEL: Final = 200 / 3
_MELS_PER_OCTAVE_STEP: Final = 27 / np.log(6.4)
_WINDOW: Final = np.hanning(SPAN + 1)[:-1].astype(np.float32)


def mel_energies(samples: Any, bands: int) -> Any:
    """The energies, float32 `[frames, bands]`, of float32 samples at 16 kHz; frame n begins at n * 10 ms."""
    spans = np.lib.stride_tricks.sliding_window_view(samples, SPAN)[::FRAME] * _WINDOW
    return (np.abs(np.fft.rfft(spans)) ** 2).astype(np.float32) @ _filters(bands)


@cache
def _filters(bands: int) -> Any:
    """Triangles over the frequencies of a frame, of equal area, `[frequencies, bands]`."""
    frequencies = np.linspace(0, SAMPLE_RATE / 2, SPAN // 2 + 1)[:, None]
    edges = _hertz(np.linspace(0, _mels(SAMPLE_RATE / 2), bands + 2))
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)


def _mels(hertz: float) -> float:
    return float(_LINEAR_HZ / _HZ_PER_MEL + np.log(hertz / _LINEAR_HZ) * _MELS_PER_OCTAVE_STEP)


def _hertz(mels: Any) -> Any:
    above = mels - _LINEAR_HZ / _HZ_PER_MEL
    return np.where(above < 0, mels * _HZ_PER_MEL, _LINEAR_HZ * np.exp(above / _MELS_PER_OCTAVE_STEP))
