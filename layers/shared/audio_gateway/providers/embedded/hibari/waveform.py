"""Frames to a waveform, with the signal processing of the package `hibari`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.providers.embedded.hibari.frames import Frames, amplitude
from audio_gateway.providers.embedded.hibari.model import package

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.hibari.frames import Floats

_NOISE_FRAMES: Final = 800  # 10 s, then it repeats, which is not heard
_SEED: Final = 24_000


def waveform(frames: Frames) -> Floats:
    """Float32 mono at 24 kHz, 300 samples for each frame. Equal frames become equal samples."""
    import numpy as np

    dsp = package("hibari.dsp")
    spectrum = dsp.stft(dsp.pulses(frames.f0), len(frames))
    angle = np.tanh(frames.phase) * np.float32(np.pi)
    rotation = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=rotation.real)
    np.sin(angle, out=rotation.imag)
    rotation *= amplitude(frames.harmonic)
    spectrum *= rotation
    spectrum += amplitude(frames.noise) * _noise_for(len(frames))
    samples: Floats = dsp.ola(spectrum)
    return samples


def _noise_for(frames: int) -> Any:
    import numpy as np

    noise = _noise()
    if frames > _NOISE_FRAMES:
        noise = np.tile(noise, -(-frames // _NOISE_FRAMES))
    return noise[:, :frames]


@cache
def _noise() -> Any:
    """White noise as spectra, always the same: equal texts shall become equal audio."""
    import numpy as np

    dice = np.random.default_rng(_SEED)
    # Real and imaginary part of a bin together have the power 1.
    scale = np.float32(np.sqrt(0.5))
    return scale * dice.standard_normal((601, 2 * _NOISE_FRAMES), dtype=np.float32).view(np.complex64)
