"""English text to sound. Imported with the first text to speak: it needs numpy, and listing the voices does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from audio_gateway.providers.embedded.hibari.frames import Floats
from audio_gateway.providers.embedded.hibari.level import levelled
from audio_gateway.providers.embedded.hibari.model import acoustic_model
from audio_gateway.providers.embedded.hibari.pronunciation import pronunciation
from audio_gateway.providers.embedded.hibari.timbre import in_timbre
from audio_gateway.providers.embedded.hibari.voices import Voice
from audio_gateway.providers.embedded.hibari.waveform import waveform

_FULL_SCALE: Final = 32_767


def load() -> None:
    """Load the network and the American dictionaries, for about a second; raises `ConfigurationError`."""
    acoustic_model()
    pronunciation(british=False)


def spoken(text: str, voice: Voice, speed: float) -> Iterator[Floats]:
    """A sentence as float32 mono at 24 kHz, in more than one part if it is too long for the network."""
    for phonemes in pronunciation(british=voice.british).utterances(text):
        frames = acoustic_model().frames(phonemes).without_silence()
        if len(frames):
            yield in_timbre(waveform(frames), frames.f0, voice.timbre, speed)


def pcm(samples: Floats) -> bytes:
    """Float32 samples at an even level, as s16le."""
    return (levelled(samples) * np.float32(_FULL_SCALE)).astype("<i2").tobytes()
