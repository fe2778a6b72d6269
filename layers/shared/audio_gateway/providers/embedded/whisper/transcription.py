"""Transcription by Whisper base, and translation into English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from audio_gateway.audio.speech_pieces import SpeechPiece, speech_pieces
from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.whisper.log_mel import SAMPLE_RATE
from audio_gateway.providers.embedded.whisper.model import LONGEST_S
from audio_gateway.providers.embedded.whisper.recogniser import (
    PADDING_S,
    PROVIDER,
    Recogniser,
    Speech,
    Wanted,
    recogniser,
)
from audio_gateway.providers.port import TextDelta, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.text.spacing import space_between
from audio_gateway.transcripts.languages import code_of
from audio_gateway.transcripts.segments import segments_from_words
from audio_gateway.transcripts.transcript import Segment, Transcript, Word

_LONGEST_MS: Final = int((LONGEST_S - PADDING_S) * 1000)
_GAP_MS: Final = 1500
"""A silence that ends a piece: the model works on silence as long as on speech, and invents in it."""


class WhisperTranscription:
    """A `TranscriptionAdapter` for 99 languages."""

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Transcribe or translate piece by piece; with `stream` the text is sent after each.

        Raises:
            ProviderRejected: the model does not know the language.
            ProviderTimedOut: the rest of the audio would not be done by the deadline.
            InvalidAudio: the audio is damaged.
            ConfigurationError: the function has no layer with the model.
        """
        engine = recogniser()
        return _events(request, engine, _wanted(request, engine))


def _wanted(request: TranscriptionCall, engine: Recogniser) -> Wanted:
    asked, options = request.options.language, request.options
    languages = engine.languages
    if asked is not None:
        code = code_of(asked)
        if code not in languages:
            message = f"This model does not understand '{asked}'. Leave the language out to have it recognised."
            raise ProviderRejected(message, provider=PROVIDER, upstream_status=400, param="language")
        languages = (code,)
    return Wanted(
        task=request.task,
        languages=languages,
        prompt=engine.encode(options.prompt or ""),
        temperature=options.temperature or 0.0,
    )


def _events(request: TranscriptionCall, engine: Recogniser, wanted: Wanted) -> Iterator[TranscriptEvent]:
    duration_ms = request.audio.duration_ms
    text = ""
    words: list[Word] = []
    segments: list[Segment] = []
    for piece in speech_pieces(request.audio.pcm(SAMPLE_RATE), longest_ms=_LONGEST_MS, gap_ms=_GAP_MS):
        speech = engine.hear(piece, wanted, request.deadline)
        if speech is None:
            continue
        wanted = replace(wanted, languages=(speech.language,))
        said = speech.attempt.text
        delta = space_between(text, said) + said
        text += delta
        if request.stream:
            yield TextDelta(delta)
        timed = _words(speech, piece, duration_ms)
        words += timed
        segments += _segments(speech, timed)
    known = len(wanted.languages) == 1
    yield TranscriptDone(
        Transcript(
            text=text,
            duration_ms=duration_ms,
            language=wanted.languages[0] if known else None,
            words=tuple(words),
            segments=tuple(segments),
        )
    )


def _words(speech: Speech, piece: SpeechPiece, duration_ms: int) -> tuple[Word, ...]:
    def at(time_ms: int) -> int:
        return min(piece.start_ms + time_ms, duration_ms)

    return tuple(Word(word.text.strip(), at(word.start_ms), at(word.end_ms)) for word in speech.words)


def _segments(speech: Speech, timed: Sequence[Word]) -> Iterator[Segment]:
    """The segments of a piece, with the tokens of their words and the figures of the whole piece, as Whisper does."""
    attempt = speech.attempt
    words = iter(speech.words)
    for segment in segments_from_words(timed, attempt.text):
        tokens: list[int] = []
        letters = len("".join(segment.text.split()))
        while letters > 0 and (word := next(words, None)):
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
