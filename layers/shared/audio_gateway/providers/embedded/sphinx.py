"""Transcription by PocketSphinx with its own model of American English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.sphinx_decoder import PROVIDER, HeardWord, decoder
from audio_gateway.providers.embedded.utterances import SAMPLE_RATE, utterances
from audio_gateway.providers.port import TextDelta, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.transcripts.transcript import Segment, Transcript, Word

LANGUAGE: Final = "en"

_PAUSE_MS: Final = 600  # between two words, ends a segment
_LONGEST_MS: Final = 10_000
_WIDEST: Final = 80  # characters: two lines of subtitles


class PocketsphinxTranscription:
    """A `TranscriptionAdapter` for English speech."""

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Transcribe utterance by utterance; with `stream` the text is sent after each.

        Raises:
            ProviderRejected: a language other than English was requested.
            ProviderTimedOut: the rest of the audio would not be done by the deadline.
            InvalidAudio: the audio is damaged.
        """
        if request.options.language not in {None, LANGUAGE}:
            message = f"This model understands English (en) only, not '{request.options.language}'."
            raise ProviderRejected(message, provider=PROVIDER, upstream_status=400, param="language")
        return _events(request)


def _events(request: TranscriptionCall) -> Iterator[TranscriptEvent]:
    sphinx = decoder()
    heard: list[HeardWord] = []
    for utterance in utterances(request.audio.pcm(SAMPLE_RATE)):
        words = sphinx.words(utterance, request.deadline)
        if words and request.stream:
            yield TextDelta((" " if heard else "") + _text(words))
        heard += words
    yield TranscriptDone(_transcript(heard, request.audio.duration_ms))


def _transcript(heard: Sequence[HeardWord], duration_ms: int) -> Transcript:
    return Transcript(
        text=_text(heard),
        duration_ms=duration_ms,
        language=LANGUAGE,
        words=tuple(Word(w.text, min(w.start_ms, duration_ms), min(w.end_ms, duration_ms)) for w in heard),
        segments=tuple(_segment(words, duration_ms) for words in _lines(heard)),
    )


def _segment(words: Sequence[HeardWord], duration_ms: int) -> Segment:
    return Segment(
        text=_text(words),
        start_ms=min(words[0].start_ms, duration_ms),
        end_ms=min(words[-1].end_ms, duration_ms),
        avg_logprob=sum(word.logprob for word in words) / len(words),
    )


def _lines(heard: Sequence[HeardWord]) -> Iterator[list[HeardWord]]:
    """The words of each segment: cut at pauses, and before it gets too long for a subtitle."""
    line: list[HeardWord] = []
    for word in heard:
        if line and _ends(line, word):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _ends(line: Sequence[HeardWord], following: HeardWord) -> bool:
    return (
        following.start_ms - line[-1].end_ms > _PAUSE_MS
        or following.end_ms - line[0].start_ms > _LONGEST_MS
        or len(_text(line)) + 1 + len(following.text) > _WIDEST
    )


def _text(words: Sequence[HeardWord]) -> str:
    return " ".join(word.text for word in words)
