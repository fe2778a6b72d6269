"""Speech by hibari, and by eSpeak NG where the text is not English."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from audio_gateway.errors import ProviderRejected, ProviderTimedOut, TextUnspeakable
from audio_gateway.providers.embedded.hibari.foreign import ForeignSpeech
from audio_gateway.providers.embedded.hibari.frames import SAMPLE_RATE
from audio_gateway.providers.embedded.hibari.languages import ENGLISH, Passage, passages
from audio_gateway.providers.embedded.hibari.level import levelled
from audio_gateway.providers.embedded.hibari.model import acoustic_model
from audio_gateway.providers.embedded.hibari.pieces import CLAUSE_S, sentences
from audio_gateway.providers.embedded.hibari.pronunciation import pronunciation
from audio_gateway.providers.embedded.hibari.timbre import in_timbre
from audio_gateway.providers.embedded.hibari.voices import VOICES, Voice, described, listed
from audio_gateway.providers.embedded.hibari.waveform import waveform
from audio_gateway.providers.port import AudioChunk, ProviderVoice, SynthesisCall

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.hibari.frames import Floats

_PROVIDER: Final = "embedded"
_FULL_SCALE: Final = 32_767


class HibariSpeech:
    """A `SpeakingEngine`: s16le mono at 24 kHz, a chunk for each sentence, made while it is read.

    Calls in several threads are independent of each other.
    """

    def __init__(self) -> None:
        self._foreign = ForeignSpeech()

    def start(self) -> None:
        """Load the network and the American dictionaries, for about a second; raises `ConfigurationError`."""
        acoustic_model()
        pronunciation(british=False)

    def voices(self) -> tuple[ProviderVoice, ...]:
        """The thirteen voices."""
        return listed()

    def find_voice(self, name: str) -> ProviderVoice | None:
        """One of the thirteen. Case is ignored."""
        return described(name)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Speak sentence by sentence. Equal requests return equal bytes.

        Raises:
            ProviderRejected: there is no such voice, or a part is in a language that nothing here speaks.
            TextUnspeakable: there is nothing to pronounce in the text, or it crashes eSpeak NG.
            ProviderTimedOut: the deadline passed.
            ConfigurationError: no layer has the model.
        """
        voice = VOICES.get(request.voice.lower())
        if voice is None:
            message = f"The model hibari has no voice '{request.voice[:100]}'. Its voices: {', '.join(VOICES)}."
            raise ProviderRejected(message, provider=_PROVIDER, upstream_status=400, param="voice")
        routed = [(passage, self._foreign_voice(passage, voice)) for passage in passages(request.text)]
        return self._chunks(request, voice, routed)

    def _foreign_voice(self, passage: Passage, voice: Voice) -> str | None:
        return None if passage.language == ENGLISH else self._foreign.voice_name(passage.language, voice)

    def _chunks(
        self, request: SynthesisCall, voice: Voice, routed: list[tuple[Passage, str | None]]
    ) -> Iterator[AudioChunk]:
        silence_s, spoken = 0.0, False
        for passage, foreign_voice in routed:
            for sentence in sentences(passage.piece, first=not spoken):
                heard = False
                for part in self._parts(request, voice, sentence.text, foreign_voice):
                    if request.deadline.passed:
                        message = "The speech was not ready in time. Send less text in one request."
                        raise ProviderTimedOut(message, provider=_PROVIDER)
                    yield AudioChunk(_silence(silence_s / request.speed) + _pcm(levelled(part)), "pcm", SAMPLE_RATE)
                    silence_s, heard, spoken = CLAUSE_S, True, True
                if spoken:
                    silence_s = sentence.pause_s if heard else max(silence_s, sentence.pause_s)
        if not spoken:
            message = "There is nothing in 'input' that can be spoken. Send words."
            raise TextUnspeakable(message, provider=_PROVIDER)

    def _parts(self, request: SynthesisCall, voice: Voice, text: str, foreign_voice: str | None) -> Iterator[Floats]:
        """A sentence, in more than one part if it is too long for the network."""
        if foreign_voice is not None:
            yield from self._foreign.speak(request, text, foreign_voice)
            return
        for phonemes in pronunciation(british=voice.british).utterances(text):
            frames = acoustic_model().frames(phonemes).without_silence().at_speed(request.speed)
            if len(frames):
                yield waveform(in_timbre(frames, voice.timbre))


def _silence(seconds: float) -> bytes:
    return b"\0\0" * round(SAMPLE_RATE * seconds)


def _pcm(samples: Floats) -> bytes:
    import numpy as np

    return (samples * np.float32(_FULL_SCALE)).astype("<i2").tobytes()
