"""A complete adapter in one file: its spec, and the code that the spec names. It repeats what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from audio_gateway.catalog.adapter_spec import AdapterSpec
from audio_gateway.catalog.defaults import Defaults
from audio_gateway.catalog.models import Provider
from audio_gateway.providers.port import AudioChunk, ProviderVoice, SynthesisCall

SPEC: Final = AdapterSpec(
    name="parrot",
    factory="audio_gateway.catalog.adapters.parrot:Parrot",
    models={
        "grey": Defaults(speed_factor=10, endpoints=frozenset({"speech"}), formats=("pcm",), voices={"alloy": "polly"})
    },
    needs={"api_key": "the zoo gives you one"},
    refuses={"timeout_seconds": "which is never late; leave it out"},
    lists_voices=True,
)


class Parrot:
    """A `SpeechAdapter` and `VoiceLister`."""

    def __init__(self, provider: Provider, api_key: str | None) -> None:
        self.provider, self.api_key = provider, api_key
        self.asked: list[SynthesisCall] = []

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        self.asked.append(request)
        yield AudioChunk(request.text.encode("utf-16-le"), "pcm", 24_000)

    def voices(self, _model: str) -> tuple[ProviderVoice, ...]:
        return (ProviderVoice("polly", "Polly", "en-GB", "female"),)

    def find_voice(self, model: str, name: str) -> ProviderVoice | None:
        return next((voice for voice in self.voices(model) if voice.id == name), None)
