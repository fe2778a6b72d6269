"""The embedded engines as one provider of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.catalog.models import Provider
from audio_gateway.providers.port import (
    AudioChunk,
    ProviderVoice,
    SpeechAdapter,
    SynthesisCall,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech

ENGINES: Final[Mapping[str, str]] = MappingProxyType({
    "hibari": "audio_gateway.providers.embedded.hibari.speech:HibariSpeech",
    "espeak-ng": "audio_gateway.providers.embedded.espeak.speech:EspeakSpeech",
    "moonshine-tiny": "audio_gateway.providers.embedded.moonshine.transcription:MoonshineTranscription",
    "whisper-base": "audio_gateway.providers.embedded.whisper.transcription:WhisperTranscription",
})  # fmt: skip
"""The class of each engine, by the name that the catalogue uses for it."""


class EmbeddedEngines:
    """All embedded engines. Each is imported and loaded when it is first used."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def start(self) -> None:
        """See `EspeakSpeech.start`. The other engines are loaded by the first request that needs them."""
        self._espeak.start()

    def voices(self) -> tuple[ProviderVoice, ...]:
        """See `EspeakSpeech.voices`."""
        return self._espeak.voices()

    def find_voice(self, name: str) -> ProviderVoice | None:
        """See `EspeakSpeech.find_voice`."""
        return self._espeak.find_voice(name)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Speak with the engine that the request names; see its class."""
        return cast("SpeechAdapter", self._engine(request.model)).synthesize(request)

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Transcribe with the engine that the request names; see its class."""
        return cast("TranscriptionAdapter", self._engine(request.model)).transcribe(request)

    @property
    def _espeak(self) -> EspeakSpeech:
        return cast("EspeakSpeech", self._engine("espeak-ng"))

    def _engine(self, name: str) -> Any:
        if name not in self._loaded:
            module, _, factory = ENGINES[name].partition(":")
            self._loaded[name] = getattr(import_module(module), factory)()
        return self._loaded[name]


def make_adapter(_provider: Provider, _api_key: str | None) -> EmbeddedEngines:
    """All engines; the same whatever the provider of the catalogue is called."""
    return EmbeddedEngines()
