"""The embedded engines as one provider of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from audio_gateway.providers.port import AudioChunk, ProviderVoice, SynthesisCall, TranscriptEvent, TranscriptionCall

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.espeak import EspeakSpeech


class EmbeddedEngines:
    """`espeak-ng` and `pocketsphinx`. Each is imported and loaded when it is first used."""

    def start(self) -> None:
        """See `EspeakSpeech.start`. PocketSphinx is loaded by the first request that needs it."""
        self._espeak.start()

    def voices(self) -> tuple[ProviderVoice, ...]:
        """See `EspeakSpeech.voices`."""
        return self._espeak.voices()

    def find_voice(self, name: str) -> ProviderVoice | None:
        """See `EspeakSpeech.find_voice`."""
        return self._espeak.find_voice(name)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """See `EspeakSpeech.synthesize`."""
        return self._espeak.synthesize(request)

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """See `PocketsphinxTranscription.transcribe`."""
        from audio_gateway.providers.embedded.sphinx import PocketsphinxTranscription

        return PocketsphinxTranscription().transcribe(request)

    @cached_property
    def _espeak(self) -> EspeakSpeech:
        from audio_gateway.providers.embedded.espeak import EspeakSpeech

        return EspeakSpeech()
