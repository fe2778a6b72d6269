"""The features that Whisper hears: the logarithm of the energy in 80 bands, every 10 ms."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

SAMPLE_RATE: Final = 16_000
"""Samples per second of the audio."""
FRAME: Final = 160
"""Samples from one frame to the next: 10 ms."""

_WINDOW: Final = 400  # samples that a frame looks at
_BANDS: Final = 80
_FULL_SCALE: Final = 32_768
_RANGE: Final = 8.0  # decades below the loudest; what is quieter counts as so quiet

# Slaney's scale of pitch: even steps up to 1 kHz, even ratios above.
_STEP_HZ: Final = 200 / 3
_KNEE_HZ: Final = 1000.0
_STEPS_TO_KNEE: Final = _KNEE_HZ / _STEP_HZ
_STEPS_TO_6400_HZ: Final = 27.0  # from the knee


def log_mel(pcm: bytes, frames: int) -> Any:
    """The features of s16le mono at 16 kHz as a float32 array of shape (1, 80, `frames`).

    Silence is added up to `frames`, and audio that is longer is cut off.
    """
    import numpy as np

    samples = np.zeros(frames * FRAME, np.float32)
    heard = np.frombuffer(pcm, "<i2", min(len(pcm) // 2, len(samples)))
    samples[: len(heard)] = heard
    samples /= _FULL_SCALE
    samples = np.pad(samples, _WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::FRAME][:frames]
    window, bands = _tables()
    power = np.abs(np.fft.rfft(windows * window)) ** 2
    energy = np.log10(np.maximum(bands @ power.T.astype(np.float32), 1e-10))
    energy = np.maximum(energy, energy.max() - _RANGE)
    return np.ascontiguousarray((energy[None] + 4) / 4, np.float32)


@cache
def _tables() -> tuple[Any, Any]:
    """The window of a frame, and how much of each of its 201 frequencies each band takes."""
    import numpy as np

    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    frequencies = np.linspace(0, SAMPLE_RATE / 2, _WINDOW // 2 + 1)
    top = _STEPS_TO_KNEE + np.log(SAMPLE_RATE / 2 / _KNEE_HZ) * _STEPS_TO_6400_HZ / np.log(6.4)
    steps = np.linspace(0, top, _BANDS + 2)
    above = np.maximum(steps - _STEPS_TO_KNEE, 0)
    edges = np.where(above > 0, _KNEE_HZ * np.exp(above * np.log(6.4) / _STEPS_TO_6400_HZ), steps * _STEP_HZ)
    widths = np.diff(edges)
    distances = edges[:, None] - frequencies[None]
    rising, falling = -distances[:-2] / widths[:-1, None], distances[2:] / widths[1:, None]
    bands = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return window, bands.astype(np.float32)
