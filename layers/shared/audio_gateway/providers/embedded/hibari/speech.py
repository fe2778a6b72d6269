"""Speech by hibari, and by eSpeak NG where the text is not English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Final

from audio_gateway.errors import ConfigurationError, ProviderRejected, ProviderTimedOut
from audio_gateway.providers.embedded.hibari.foreign import ForeignSpeech
from audio_gateway.providers.embedded.hibari.languages import ENGLISH, Passage, passages
from audio_gateway.providers.embedded.hibari.pieces import CLAUSE_S, sentences
from audio_gateway.providers.embedded.hibari.voices import SAMPLE_RATE, VOICES, Voice, described, listed
from audio_gateway.providers.port import AudioChunk, ProviderVoice, SynthesisCall

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.hibari.frames import Floats

_PROVIDER: Final = "embedded"
_NO_WORDS: Final = "text_unspeakable"
_CHECKED_WHOLE: Final = 4096  # characters; to check a longer text would delay its first sound


class HibariSpeech:
    """A `SpeakingEngine`: s16le mono at 24 kHz, a chunk for each sentence, made while it is read.

    Calls in several threads are independent of each other.
    """

    def __init__(self) -> None:
        self._foreign = ForeignSpeech()

    def start(self) -> None:
        """Load the network and the American dictionaries, for about a second; raises `ConfigurationError`."""
        _sound().load()

    def voices(self) -> tuple[ProviderVoice, ...]:
        """The thirteen voices."""
        return listed()

    def find_voice(self, name: str) -> ProviderVoice | None:
        """One of the thirteen. Case is ignored."""
        return described(name)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Speak sentence by sentence. Equal requests return equal bytes.

        Raises:
            ProviderRejected: there is no such voice, a part is in a language that nothing here speaks (of more than
                4,096 characters only when its turn comes), or there is nothing to pronounce in the text.
            TextUnspeakable: the text crashes eSpeak NG.
            ProviderTimedOut: the deadline passed.
            ConfigurationError: no layer has the model.
        """
        voice = VOICES.get(request.voice.lower())
        if voice is None:
            message = f"The model hibari has no voice '{request.voice[:100]}'. Its voices: {', '.join(VOICES)}."
            raise ProviderRejected(message, provider=_PROVIDER, upstream_status=400, param="voice")
        routed = ((passage, self._foreign_voice(passage, voice)) for passage in passages(request.text))
        return self._chunks(request, voice, list(routed) if len(request.text) <= _CHECKED_WHOLE else routed)

    def _foreign_voice(self, passage: Passage, voice: Voice) -> str | None:
        return None if passage.language == ENGLISH else self._foreign.voice_name(passage.language, voice)

    def _chunks(
        self, request: SynthesisCall, voice: Voice, routed: Iterable[tuple[Passage, str | None]]
    ) -> Iterator[AudioChunk]:
        sound = _sound()
        silence_s, spoken = 0.0, False
        for passage, foreign_voice in routed:
            for sentence in sentences(passage.piece, first=not spoken):
                heard = False
                for part in self._parts(request, voice, sentence.text, foreign_voice):
                    if request.deadline.passed:
                        message = "The speech was not ready in time. Send less text in one request."
                        raise ProviderTimedOut(message, provider=_PROVIDER)
                    yield AudioChunk(_silence(silence_s / request.speed) + sound.pcm(part), "pcm", SAMPLE_RATE)
                    silence_s, heard, spoken = CLAUSE_S, True, True
                if spoken:
                    silence_s = sentence.pause_s if heard else max(silence_s, sentence.pause_s)
        if not spoken:
            message = "There is nothing in 'input' that can be spoken. Send words."
            # Not TextUnspeakable: a fallback would return silence, for its price.
            raise ProviderRejected(message, provider=_PROVIDER, upstream_status=400, param="input", code=_NO_WORDS)

    def _parts(self, request: SynthesisCall, voice: Voice, text: str, foreign_voice: str | None) -> Iterator[Floats]:
        if foreign_voice is None:
            spoken: Iterator[Floats] = _sound().spoken(text, voice, request.speed)
            return spoken
        return self._foreign.speak(request, text, foreign_voice)


def _sound() -> ModuleType:
    """The module that needs numpy, which a function that only lists voices does not have."""
    try:
        from audio_gateway.providers.embedded.hibari import sound
    except ImportError as missing:
        raise ConfigurationError("The model hibari needs the layer 'inference', which is not installed") from missing
    return sound


def _silence(seconds: float) -> bytes:
    return b"\0\0" * round(SAMPLE_RATE * seconds)
