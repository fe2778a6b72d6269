"""Frames to a waveform, with the signal processing of the package `hibari`."""

from __future__ import annotations

from typing import Any

import numpy as np

from audio_gateway.providers.embedded.hibari.frames import Floats, Frames
from audio_gateway.providers.embedded.hibari.model import package


def waveform(frames: Frames) -> Floats:
    """Float32 mono at 24 kHz, 300 samples for each frame, in the model's own voice.

    The network has a branch of noise besides, some 60 dB below the rest. Without it equal frames become equal samples.
    """
    dsp = package("hibari.dsp")
    spectrum = dsp.stft(dsp.pulses(frames.f0), len(frames))
    angle = np.tanh(frames.phase)
    angle *= np.float32(np.pi)
    part = np.empty(angle.shape, np.complex64)
    spectrum *= _polar(part, dsp.ex(frames.harmonic), angle)
    spectrum += _polar(part, dsp.ex(frames.residual), frames.residual_phase)
    samples: Floats = dsp.ola(spectrum)
    return samples


def _polar(out: Any, amplitude: Floats, angle: Floats) -> Any:
    """Complex numbers of that amplitude and angle, in `out`."""
    np.cos(angle, out=out.real)
    np.sin(angle, out=out.imag)
    out *= amplitude
    return out
