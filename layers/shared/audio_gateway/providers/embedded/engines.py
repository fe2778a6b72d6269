"""The embedded engines as one provider of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

import audio_gateway.inference  # noqa: F401 - before any engine imports numpy
from audio_gateway.catalog.models import Provider
from audio_gateway.errors import ConfigurationError
from audio_gateway.providers.port import (
    AudioChunk,
    ProviderVoice,
    SpeechAdapter,
    SynthesisCall,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)

ENGINES: Final[Mapping[str, str]] = MappingProxyType({
    "hibari": "audio_gateway.providers.embedded.hibari.speech:HibariSpeech",
    "espeak-ng": "audio_gateway.providers.embedded.espeak.speech:EspeakSpeech",
    "moonshine-tiny": "audio_gateway.providers.embedded.moonshine.transcription:MoonshineTranscription",
    "whisper-base": "audio_gateway.providers.embedded.whisper.transcription:WhisperTranscription",
})  # fmt: skip
"""The class of each engine, by the name that the catalogue uses for it."""


class SpeakingEngine(SpeechAdapter, Protocol):
    """An engine that speaks."""

    def start(self) -> None:
        """Load it, or start what it needs; raises `ConfigurationError`. Otherwise the first request waits for it."""

    def voices(self) -> tuple[ProviderVoice, ...]:
        """All voices, in a stable order."""
        ...

    def find_voice(self, name: str) -> ProviderVoice | None:
        """The voice with this name, including variants; None if there is none."""
        ...


class EmbeddedEngines:
    """All embedded engines. Each is imported and loaded when it is first used."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def start(self, models: Collection[str]) -> None:
        """Start these engines, which speak; see their classes."""
        for model in models:
            with suppress(ConfigurationError):
                self._speaking(model).start()

    def voices(self, model: str) -> tuple[ProviderVoice, ...]:
        """The voices of an engine that speaks; see its class."""
        return self._speaking(model).voices()

    def find_voice(self, model: str, name: str) -> ProviderVoice | None:
        """The voice of an engine that speaks; see its class."""
        return self._speaking(model).find_voice(name)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Speak with the engine that the request names; see its class."""
        return self._speaking(request.model).synthesize(request)

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Transcribe with the engine that the request names; see its class."""
        return cast("TranscriptionAdapter", self._engine(request.model)).transcribe(request)

    def _speaking(self, model: str) -> SpeakingEngine:
        return cast("SpeakingEngine", self._engine(model))

    def _engine(self, name: str) -> Any:
        if name not in self._loaded:
            module, _, factory = ENGINES[name].partition(":")
            self._loaded[name] = getattr(import_module(module), factory)()
        return self._loaded[name]


def make_adapter(_provider: Provider, _api_key: str | None) -> EmbeddedEngines:
    """All engines; the same whatever the provider of the catalogue is called."""
    return EmbeddedEngines()
