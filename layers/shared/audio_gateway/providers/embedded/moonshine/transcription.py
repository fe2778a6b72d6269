"""Transcription of English by Moonshine, with the times of PocketSphinx's aligner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.silero import SPEECH_SAMPLE_RATE
from audio_gateway.audio.speech_pieces import SpeechPiece, speech_pieces
from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.moonshine.ears import PROVIDER, ears, out_of_time
from audio_gateway.providers.embedded.moonshine.figures import Doubt, with_figures
from audio_gateway.providers.embedded.moonshine.model import Token
from audio_gateway.providers.embedded.moonshine.wording import joined, text_of, words_of
from audio_gateway.providers.embedded.word_times.spread import spread
from audio_gateway.providers.port import TextDelta, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.transcripts.segments import segments_from_words
from audio_gateway.transcripts.transcript import TokenLogprob, Transcript, Word

if TYPE_CHECKING:
    from audio_gateway.providers.embedded.diarization.speakers import Speakers

LANGUAGE: Final = "en"

_LONGEST_MS: Final = (
    10_000  # of longer pieces the model writes some without capitals and full stops, and repeats others
)
_BEFORE: Final = 4  # tokens; enough to see how the text ends
_GAP_MS: Final = 800  # of silence: shorter ones are mostly within sentences, which are understood better as a whole


class MoonshineTranscription:
    """A `TranscriptionAdapter` for English speech."""

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Transcribe piece by piece; with `stream` the text is sent after each.

        Raises:
            ProviderRejected: a language other than English was requested, other settings of the voice activity
                detection, or a speaker whose reference cannot be used.
            ProviderTimedOut: the rest of the audio would not be done by the deadline.
            InvalidAudio: the audio is damaged.
            ConfigurationError: no layer of the function has the models.
        """
        if request.options.language not in {None, LANGUAGE}:
            message = f"This model understands English (en) only, not '{request.options.language}'."
            raise ProviderRejected(message, provider=PROVIDER, upstream_status=400, param="language")
        if request.options.chunking is not None and request.options.chunking.type != "auto":
            message = "This model cuts audio in its own way only. Send chunking_strategy=auto, or leave it out."
            raise ProviderRejected(
                message, provider=PROVIDER, upstream_status=400, param="chunking_strategy", code="unsupported_value"
            )
        return _events(request)


def _events(request: TranscriptionCall) -> Iterator[TranscriptEvent]:
    heard = _Heard()
    models = ears()
    speakers = _speakers(request)
    pcm = request.deadline.keep(request.audio.pcm(SPEECH_SAMPLE_RATE), out_of_time())
    for piece in speech_pieces(pcm, longest_ms=_LONGEST_MS, gap_ms=_GAP_MS):
        tokens = heard.add(piece, models.tokens(piece, request.deadline))
        if not tokens:
            continue
        if speakers is not None:
            speakers.add(piece)
        if _needs_times(request):
            words = words_of(text_of(tokens))
            heard.place(piece, words, models.times(piece, words) or spread(words, piece.probabilities))
        if request.stream:
            yield TextDelta(text_of(tokens), _logprobs(tokens) if request.options.logprobs else None)
    yield TranscriptDone(_transcript(heard, request, speakers))


@dataclass(slots=True)
class _Heard:
    """What was understood up to now."""

    tokens: list[Token] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    doubt: Doubt = field(default_factory=Doubt)
    goes_on: bool = False

    def add(self, piece: SpeechPiece, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        """Add the tokens of a piece, and return them as they follow the text."""
        added = joined(tokens, text_of(self.tokens[-_BEFORE:]), continued=self.goes_on, goes_on=piece.goes_on)
        self.tokens += added
        self.goes_on = piece.goes_on
        return added

    def place(self, piece: SpeechPiece, words: list[str], times: list[tuple[int, int]]) -> None:
        """Add the words of a piece with their times within it."""
        self.doubt.add(piece)
        self.words += (
            Word(word, piece.start_ms + start, piece.start_ms + end)
            for word, (start, end) in zip(words, times, strict=True)
        )


def _speakers(request: TranscriptionCall) -> Speakers | None:
    if not request.diarize and not request.options.known_speakers:
        return None
    from audio_gateway.providers.embedded.diarization.speakers import Speakers  # numpy, and the encoder's weights

    speakers = Speakers(request.options.known_speakers)  # which refuses wrong references, in every format
    return speakers if request.diarize else None


def _transcript(heard: _Heard, request: TranscriptionCall, speakers: Speakers | None) -> Transcript:
    duration_ms, text = request.audio.duration_ms, text_of(heard.tokens)
    transcript = Transcript(
        text=text,
        duration_ms=duration_ms,
        language=LANGUAGE,
        logprobs=_logprobs(heard.tokens) if request.options.logprobs else None,
    )
    if not _needs_times(request):
        return transcript
    words = [Word(word.text, min(word.start_ms, duration_ms), min(word.end_ms, duration_ms)) for word in heard.words]
    if speakers is not None:
        words = speakers.named(words)
    segments = with_figures(segments_from_words(words, text), heard.tokens, heard.doubt)
    return replace(transcript, words=tuple(words), segments=tuple(segments))


def _needs_times(request: TranscriptionCall) -> bool:
    return request.want_words or request.want_segments or request.diarize


def _logprobs(tokens: Iterable[Token]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(token.utf8.decode(errors="replace"), token.logprob, tuple(token.utf8)) for token in tokens
    )
