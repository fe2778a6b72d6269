"""Speech by hibari, and in other languages by eSpeak NG in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from audio_gateway.errors import ConfigurationError, ProviderRejected, ProviderTimedOut, TextUnspeakable
from audio_gateway.providers.embedded.hibari.frames import SAMPLE_RATE
from audio_gateway.providers.embedded.hibari.languages import language_of
from audio_gateway.providers.embedded.hibari.level import levelled
from audio_gateway.providers.embedded.hibari.model import acoustic_model
from audio_gateway.providers.embedded.hibari.pieces import Piece, paragraphs, sentences
from audio_gateway.providers.embedded.hibari.pronunciation import pronunciation
from audio_gateway.providers.embedded.hibari.timbre import in_timbre
from audio_gateway.providers.embedded.hibari.voices import VOICES, Voice, described, listed
from audio_gateway.providers.embedded.hibari.waveform import waveform
from audio_gateway.providers.port import AudioChunk, ProviderVoice, SynthesisCall

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech
    from audio_gateway.providers.embedded.hibari.frames import Floats

_PROVIDER: Final = "embedded"
_UTTERANCE_S: Final = 0.12  # of silence between the parts of a sentence that is too long for the model
_ENGLISH: Final = "en"


class HibariSpeech:
    """A `SpeechAdapter` and `VoiceLister`: s16le mono at 24 kHz, a chunk for each sentence, made while it is read.

    A paragraph in another language is spoken by eSpeak NG, in a voice of the same gender.
    """

    def __init__(self) -> None:
        self._others: EspeakSpeech | None = None

    def start(self) -> None:
        """Load the model and the American dictionaries, for about a second; raises `ConfigurationError`."""
        acoustic_model()
        pronunciation(british=False)

    def voices(self) -> tuple[ProviderVoice, ...]:
        """The thirteen voices."""
        return listed()

    def find_voice(self, name: str) -> ProviderVoice | None:
        """One of the thirteen."""
        return described(name)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Speak sentence by sentence. Equal requests return equal bytes.

        Raises:
            ProviderRejected: there is no such voice, or a paragraph is in a language that nothing here speaks.
            TextUnspeakable: there is nothing to pronounce in the text.
            ProviderTimedOut: the deadline passed.
            ConfigurationError: no layer has the model.
        """
        voice = VOICES.get(request.voice.lower())
        if voice is None:
            message = f"The model hibari has no voice '{request.voice[:100]}'. Its voices: {', '.join(VOICES)}."
            raise ProviderRejected(message, provider=_PROVIDER, upstream_status=400, param="voice")
        routed = [(paragraph, self._foreign(paragraph.text, voice)) for paragraph in paragraphs(request.text)]
        return self._chunks(request, voice, routed)

    def _foreign(self, text: str, voice: Voice) -> str | None:
        """The eSpeak voice for a paragraph; None if it is English."""
        language = language_of(text)
        if language == _ENGLISH:
            return None
        name = f"{language}{voice.variant}"
        try:
            found = self._espeak.find_voice(name)
        except ConfigurationError:
            found = None
        if found is None:
            message = (
                f"A part of 'input' is in a language ({language}) that the model hibari cannot speak: it speaks English,"
                " and others by eSpeak NG where that is installed and has the language. GET /v1/models lists others."
            )
            raise ProviderRejected(message, provider=_PROVIDER, upstream_status=400, param="input")
        return name

    @property
    def _espeak(self) -> EspeakSpeech:
        if self._others is None:
            from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech

            self._others = EspeakSpeech()
        return self._others

    def _chunks(
        self, request: SynthesisCall, voice: Voice, routed: list[tuple[Piece, str | None]]
    ) -> Iterator[AudioChunk]:
        pause_s, spoken = 0.0, False
        for paragraph, foreign in routed:
            for sentence in sentences(paragraph, first=not spoken):
                for part in self._parts(request, voice, sentence.text, foreign):
                    if request.deadline.passed:
                        message = "The speech was not ready in time. Send less text in one request."
                        raise ProviderTimedOut(message, provider=_PROVIDER)
                    silence = b"\0\0" * round(SAMPLE_RATE * pause_s / request.speed) if spoken else b""
                    yield AudioChunk(silence + _pcm(levelled(part)), "pcm", SAMPLE_RATE)
                    spoken, pause_s = True, _UTTERANCE_S
                pause_s = max(pause_s, sentence.pause_s)
        if not spoken:
            message = "There is nothing in 'input' that can be spoken. Send words."
            raise TextUnspeakable(message, provider=_PROVIDER)

    def _parts(self, request: SynthesisCall, voice: Voice, text: str, foreign: str | None) -> Iterator[Floats]:
        if foreign is not None:
            yield from self._by_espeak(request, text, foreign)
            return
        for phonemes in pronunciation(british=voice.british).utterances(text):
            frames = acoustic_model().frames(phonemes).without_silence().at_speed(request.speed)
            if len(frames):
                yield waveform(in_timbre(frames, voice.timbre))

    def _by_espeak(self, request: SynthesisCall, text: str, name: str) -> Iterator[Floats]:
        from dataclasses import replace

        import numpy as np

        from audio_gateway.audio.resample import resample

        call = replace(request, text=text, voice=name, model="espeak-ng")
        chunks = self._espeak.synthesize(call)
        first = next(chunks)
        pieces = (chunk.data for whole in ((first,), chunks) for chunk in whole)
        pcm = b"".join(resample(pieces, from_rate=first.sample_rate, to_rate=SAMPLE_RATE))
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        audible = np.flatnonzero(np.abs(samples) > 0.003)  # noqa: PLR2004 - -50 dBFS
        if len(audible):
            yield samples[audible[0] : audible[-1] + 1]


def _pcm(samples: Floats) -> bytes:
    import numpy as np

    return (samples * np.float32(32767)).astype("<i2").tobytes()
