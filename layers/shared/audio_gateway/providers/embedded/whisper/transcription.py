"""Transcription by Whisper base, and translation into English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from audio_gateway.audio.speech_pieces import SpeechPiece, halves, speech_pieces
from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.whisper.log_mel import SAMPLE_RATE
from audio_gateway.providers.embedded.whisper.recogniser import (
    PROVIDER,
    Recogniser,
    Speech,
    Wanted,
    out_of_time,
    recogniser,
)
from audio_gateway.providers.port import TextDelta, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.text.spacing import space_between
from audio_gateway.transcripts.languages import code_of
from audio_gateway.transcripts.segments import segments_from_words
from audio_gateway.transcripts.transcript import Segment, Transcript, Word

_LONGEST_MS: Final = 16_000
"""Of a piece: in scripts with many tokens for a word, the model has no room for the text of a longer one."""
_SPLIT_MS: Final = 6_000
"""A piece of this length or more is heard in two parts if there was no room for its text, and so is each of them. No
part is shorter than a third of this, so there are at most eight."""
_GAP_MS: Final = 1500
"""A silence that ends a piece: the model works on silence as long as on speech, and invents in it."""


class WhisperTranscription:
    """A `TranscriptionAdapter` for 99 languages. `engine` is loaded by the first request."""

    def __init__(self, engine: Callable[[], Recogniser] = recogniser) -> None:
        self._engine = engine

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Transcribe or translate piece by piece; with `stream` the text is sent after each.

        The language is that of the first piece of which the model is certain.

        Raises:
            ProviderRejected: the model does not know the language.
            ProviderTimedOut: the rest of the audio would not be done by the deadline.
            InvalidAudio: the audio is damaged.
            ConfigurationError: the function has no layer with the model.
        """
        engine = self._engine()
        return _events(request, engine, _wanted(request, engine))


def _wanted(request: TranscriptionCall, engine: Recogniser) -> Wanted:
    options = request.options
    asked = ("language", (options.language,)) if options.language else ("languages", options.languages)
    return Wanted(
        task=request.task,
        languages=_known(*asked, engine) or engine.languages,
        prompt=engine.encode(" ".join(filter(None, [", ".join(options.keywords), options.prompt]))),
        temperature=options.temperature or 0.0,
    )


def _known(field: str, asked: Sequence[str], engine: Recogniser) -> tuple[str, ...]:
    codes = tuple(code_of(name) or name for name in asked)
    for name, code in zip(asked, codes, strict=True):
        if code not in engine.languages:
            message = f"This model does not understand '{name}'. Leave it out to have the language recognised."
            raise ProviderRejected(message, provider=PROVIDER, upstream_status=400, param=field)
    return codes


def _events(request: TranscriptionCall, engine: Recogniser, wanted: Wanted) -> Iterator[TranscriptEvent]:
    heard = _Heard()
    prompt = wanted.prompt
    pcm = request.deadline.keep(request.audio.pcm(SAMPLE_RATE), out_of_time())
    for piece in speech_pieces(pcm, longest_ms=_LONGEST_MS, gap_ms=_GAP_MS):
        left = [piece]
        while left:
            part = left.pop()
            speech = engine.hear(part, wanted, request.deadline)
            if speech is None:
                continue
            if not speech.attempt.complete and part.duration_ms >= _SPLIT_MS:
                left += reversed(halves(part))
                continue
            delta = heard.add(part, speech)
            if request.stream:
                yield TextDelta(delta)
            # In mid-phrase, the model goes on with its text. After a pause it does not: errors would spread.
            context = speech.tokens if part.goes_on and speech.attempt.plausible else ()
            languages = (speech.language,) if speech.certain else wanted.languages
            wanted = replace(wanted, languages=languages, prompt=(*prompt, *context))
    yield TranscriptDone(heard.transcript(request))


@dataclass(slots=True)
class _Heard:
    """What was understood up to now."""

    languages: Counter[str] = field(default_factory=Counter)
    text: str = ""
    words: list[Word] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    def add(self, piece: SpeechPiece, speech: Speech) -> str:
        """Add the speech of a piece, and return its text as it follows the text before."""
        said = speech.text
        added = space_between(self.text[-1:], said) + said
        words = _words(speech, piece)
        self.languages[speech.language] += len(said)
        self.text += added
        self.words += words
        self.segments += _segments(speech, words)
        return added

    def transcript(self, request: TranscriptionCall) -> Transcript:
        """The transcript of the whole; its language is that of the most text."""
        language = max(self.languages, key=self.languages.__getitem__, default=None)
        return Transcript(
            text=self.text,
            duration_ms=request.audio.duration_ms,
            language=language,
            words=tuple(self.words),
            segments=tuple(self.segments),
            languages=(language,) if request.options.languages and language else None,
        )


def _words(speech: Speech, piece: SpeechPiece) -> list[Word]:
    def at(time_ms: int) -> int:
        return min(piece.start_ms + time_ms, piece.end_ms)  # the last step of the alignment may be cut off

    return [Word(word.text.strip(), at(word.start_ms), at(word.end_ms)) for word in speech.words]


def _segments(speech: Speech, words: Sequence[Word]) -> Iterator[Segment]:
    """The segments of a piece, with the tokens of their words and the figures of the whole piece, as Whisper does."""
    attempt = speech.attempt
    left = iter(speech.words)
    for segment in segments_from_words(words, speech.text):
        tokens: list[int] = []
        letters = len("".join(segment.text.split()))
        while letters > 0 and (word := next(left, None)):
            letters -= len("".join(word.text.split()))
            tokens += word.tokens
        yield replace(
            segment,
            tokens=tuple(tokens),
            temperature=attempt.temperature,
            avg_logprob=attempt.avg_logprob,
            compression_ratio=attempt.compression_ratio,
            no_speech_prob=attempt.no_speech_prob,
        )
