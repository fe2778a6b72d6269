"""Other languages than English, spoken by eSpeak NG in place of a voice of hibari."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from audio_gateway.errors import ConfigurationError, ProviderRejected
from audio_gateway.providers.embedded.hibari.voices import SAMPLE_RATE, Voice
from audio_gateway.providers.port import SynthesisCall

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech
    from audio_gateway.providers.embedded.hibari.frames import Floats

_PROVIDER: Final = "embedded"
_MODEL: Final = "espeak-ng"
_AUDIBLE: Final = 0.003  # -50 dBFS
# eSpeak NG lists these under longer names, or would choose another country's first.
_NAMES: Final = {"fr": "fr-fr", "zh": "cmn", "en": "en-us"}


class ForeignSpeech:
    """eSpeak NG, loaded when the first text needs it."""

    def voice_name(self, language: str, voice: Voice) -> str:
        """The eSpeak voice that speaks a language (ISO 639-1) in place of `voice`.

        Raises `ProviderRejected` if there is none, or no layer has eSpeak NG.
        """
        name = f"{_NAMES.get(language, language)}{voice.variant}"
        with suppress(ConfigurationError):
            if self._espeak.find_voice(name) is not None:
                return name
        message = (
            f"A part of 'input' is in a language ('{language}') that the model hibari cannot speak here. It speaks"
            f" English, and leaves the rest to eSpeak NG, if that is installed and has the language."
            f" Send English, or use another model, such as {_MODEL} (GET /v1/models)."
        )
        raise ProviderRejected(message, provider=_PROVIDER, upstream_status=400, param="input")

    def speak(self, request: SynthesisCall, text: str, voice_name: str) -> Iterator[Floats]:
        """Float32 mono at 24 kHz without silence around it; nothing if there is only silence. Raises as eSpeak NG."""
        import numpy as np

        from audio_gateway.audio.resample import resample

        chunks = self._espeak.synthesize(replace(request, model=_MODEL, text=text, voice=voice_name))
        first = next(chunks)
        pieces = (chunk.data for some in ((first,), chunks) for chunk in some)
        pcm = b"".join(resample(pieces, from_rate=first.sample_rate, to_rate=SAMPLE_RATE))
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(1 << 15)
        audible = np.flatnonzero(np.abs(samples) > _AUDIBLE)
        if len(audible):
            yield samples[audible[0] : audible[-1] + 1]

    @cached_property
    def _espeak(self) -> EspeakSpeech:
        from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech

        return EspeakSpeech()
