"""Speech by eSpeak NG."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.espeak.confined.frames import SAMPLE_RATE
from audio_gateway.providers.embedded.espeak.files import espeak_files
from audio_gateway.providers.embedded.espeak.process import SpokenText, espeak_process
from audio_gateway.providers.embedded.espeak.speaker import PROVIDER
from audio_gateway.providers.embedded.espeak.voices import LanguageVoice, VoiceNames
from audio_gateway.providers.port import AudioChunk, ProviderVoice, SynthesisCall

_SHORTEST: Final = b"\0\0" * (SAMPLE_RATE // 10)  # 100 ms: some encoders and players refuse less


class EspeakSpeech:
    """A `SpeechAdapter` and `VoiceLister`: s16le mono at 22,050 Hz, made while it is read.

    The text is read literally: no SSML, no phonemes, no control characters. A text without anything to pronounce
    becomes 100 ms of silence.
    """

    def start(self) -> None:
        """Start the process of eSpeak NG without waiting; raises `ConfigurationError`."""
        espeak_process().start()

    def voices(self) -> tuple[ProviderVoice, ...]:
        """Every language of eSpeak NG, each with its default voice."""
        return self._names.listed()

    def find_voice(self, name: str) -> ProviderVoice | None:
        """The voice with a name in the grammar of `voices`."""
        return self._names.describe(name)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Speak as fast as eSpeak NG can; closing the iterator stops it.

        Raises `ProviderRejected` if there is no such voice, and as `EspeakProcess.speak`.
        """
        voice = self._names.find(request.voice)
        if voice is None:
            message = f"eSpeak NG has no voice '{request.voice}'. GET /v1/audio/voices lists its voices."
            raise ProviderRejected(message, provider=PROVIDER, upstream_status=400, param="voice")
        utterance = SpokenText(_readable(request.text), voice.name, voice.pitch)
        return _chunks(_at_speed(espeak_process().speak(utterance, request.deadline), request.speed))

    @cached_property
    def _names(self) -> VoiceNames:
        files = espeak_files()
        languages = [LanguageVoice(file, name, tuple(tags)) for file, name, tags in espeak_process().voices()]
        return VoiceNames(languages, files.variants(), files.gender_of)


def _chunks(pieces: Iterator[bytes]) -> Iterator[AudioChunk]:
    length = 0
    for piece in pieces:
        length += len(piece)
        yield AudioChunk(piece, "pcm", SAMPLE_RATE)
    if length < len(_SHORTEST):
        yield AudioChunk(_SHORTEST[length:], "pcm", SAMPLE_RATE)


def _at_speed(pieces: Iterator[bytes], speed: float) -> Iterator[bytes]:
    """Change the speed with a filter, exactly to the sample.

    eSpeak NG's own setting, words per minute, hardly affects pauses and short sentences: at twice the rate, "One. Two.
    Three." takes as long as before.
    """
    if speed == 1:
        return pieces
    from audio_gateway.audio.stretch import stretch

    return stretch(pieces, sample_rate=SAMPLE_RATE, speed=speed)


def _readable(text: str) -> str:
    """The text without the control characters that C or eSpeak NG would interpret, such as NUL and U+0001."""
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} and c != "\n" else c for c in text)
