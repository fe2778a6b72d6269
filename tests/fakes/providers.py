"""Providers that record their calls and answer as configured: they satisfy the real ports."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from audio_gateway.catalog.models import Catalog, Model, Price, Provider
from audio_gateway.errors import GatewayError
from audio_gateway.providers.port import (
    AudioChunk,
    ProviderVoice,
    SynthesisCall,
    TextDelta,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionCall,
    TranscriptionOptions,
)
from audio_gateway.transcripts.transcript import Segment, Transcript, Word
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

_T = TypeVar("_T", TranscriptionCall, TranscriptionRequest)
_OPTIONS = {field.name for field in dataclasses.fields(TranscriptionOptions)}


def with_options(request: _T, **changes: object) -> _T:
    """The request with other fields; those of its options are named beside the others."""
    options: dict[str, Any] = {name: changes.pop(name) for name in _OPTIONS & changes.keys()}
    others: dict[str, Any] = changes
    return dataclasses.replace(request, options=dataclasses.replace(request.options, **options), **others)


ALL_CAPABILITIES = frozenset(
    {"words", "segments", "prompt", "temperature", "instructions", "speed", "streaming", "keywords", "logprobs"}
)


@dataclass
class FakeAdapter:
    """Speaks a tone-less pcm of 10 ms a character; hears `text`, one word each 400 ms."""

    text: str = "hello big world"
    fails: GatewayError | None = None
    speech: tuple[AudioChunk, ...] | None = None
    times: bool = True
    asked: list[SynthesisCall | TranscriptionCall] = field(default_factory=list)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        self.asked.append(request)
        if self.fails is not None:
            raise self.fails
        if self.speech is not None:
            yield from self.speech
            return
        for _ in request.text:
            yield AudioChunk(b"\x01\x00" * 240, "pcm", 24_000)

    def voices(self, model: str) -> tuple[ProviderVoice, ...]:  # noqa: ARG002 - the same for all
        return (ProviderVoice("en-us", "English (America)", "en-US", "male"),)

    def find_voice(self, model: str, name: str) -> ProviderVoice | None:
        return next((voice for voice in self.voices(model) if voice.id == name), None)

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        self.asked.append(request)
        if self.fails is not None:
            raise self.fails
        if request.stream:
            for word in self.text.split():
                yield TextDelta(word + " ")
        yield TranscriptDone(self._transcript(request))

    def _transcript(self, request: TranscriptionCall) -> Transcript:
        spoken = self.text.split()
        words = tuple(Word(word, i * 400, i * 400 + 300) for i, word in enumerate(spoken))
        end = words[-1].end_ms if words else 0
        return Transcript(
            text=self.text,
            duration_ms=request.audio.duration_ms,
            language="en",
            words=words if self.times and request.want_words else None,
            segments=(Segment(self.text, 0, end),) if self.times and request.want_segments else None,
        )


PROVIDER = Provider(id="fake", adapter="openai", base_url="http://127.0.0.1:9", api_key=None, timeout_seconds=60)

LISTING = dataclasses.replace(PROVIDER, id="fake", adapter="embedded", base_url=None)
"""A provider that knows its voices."""


def model(model_id: str = "talker", **fields: object) -> Model:
    """A model that can do all, but for what `fields` say."""
    given: dict[str, object] = {
        "id": model_id,
        "aliases": (),
        "provider": PROVIDER,
        "upstream": f"up-{model_id}",
        "endpoints": frozenset({"speech", "transcriptions", "translations"}),
        "price": Price(microusd_per_million_characters=15_000_000, microusd_per_minute=6_000),
        "fallbacks": (),
        "formats": ("mp3", "opus", "aac", "flac", "wav", "pcm"),
        "voices": None,
        "own_voices_only": False,
        "languages": None,
        "capabilities": ALL_CAPABILITIES,
        "ignore": frozenset(),
        "response_formats": ("mp3", "opus", "aac", "flac", "wav", "pcm", "json", "text", "srt", "verbose_json", "vtt"),
        "max_bytes": None,
        "max_seconds": None,
        "max_characters": 4096,
        "speed_factor": 20.0,
        "markup_percent": "0",
        "rounding_seconds": 0.0,
        "minimum_seconds": 0.0,
        "chunk_seconds": 300.0,
        "chunk_concurrency": 10,
        "cache": None,
        "created": 1_700_000_000,
    }
    return Model(**(given | fields))  # type: ignore[arg-type] # the fields' names are checked by Model itself


def catalog(*models: Model) -> Catalog:
    """A catalogue of these models."""
    return Catalog(models={each.id: each for each in models or (model(),)})
