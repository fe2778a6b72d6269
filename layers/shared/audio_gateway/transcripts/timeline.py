"""The transcript of a chunk on the timeline of the recording; words can be removed from its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TypeVar

from audio_gateway.transcripts.clipping import DroppedWords, without_beginning, without_end
from audio_gateway.transcripts.seam import Token, letters_of, tokens_of
from audio_gateway.transcripts.segments import segments_from_words
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, Transcript, Word

_Item = TypeVar("_Item")


@dataclass(slots=True)
class TimedTranscript:
    """The transcript from `start_ms` to `end_ms` of the recording, with the recording's times. `source` is unchanged.

    As in a `Transcript`, None means that the provider did not return it.
    """

    start_ms: int
    end_ms: int
    source: Transcript
    text: str
    words: list[Word] | None
    segments: list[Segment] | None
    logprobs: list[TokenLogprob] | None

    @classmethod
    def shifted(cls, start_ms: int, end_ms: int, source: Transcript) -> TimedTranscript:
        """The transcript with all of its times shifted by the start of the chunk."""
        words = segments = logprobs = None
        if source.words is not None:
            words = [Word(w.text, w.start_ms + start_ms, w.end_ms + start_ms, w.speaker) for w in source.words]
        if source.segments is not None:
            segments = [replace(s, start_ms=s.start_ms + start_ms, end_ms=s.end_ms + start_ms) for s in source.segments]
        if source.logprobs is not None:
            logprobs = list(source.logprobs)
        return cls(start_ms, end_ms, source, source.text.strip(), words, segments, logprobs)

    @property
    def heard(self) -> bool:
        """Whether it has text."""
        return bool(self.source.text.strip())

    def make_segments(self) -> None:
        """Make segments from the words if it has only those."""
        if self.segments is None and self.words is not None:
            self.segments = list(segments_from_words(self.words, self.text))

    def rename_speakers(self, names: dict[str, str]) -> None:
        """Give speakers other names."""
        if self.words is not None:
            self.words = [_called(word, names) for word in self.words]
        if self.segments is not None:
            self.segments = [_called(segment, names) for segment in self.segments]

    def last_words(self, since_ms: int) -> list[Token] | None:
        """The words that end after `since_ms`; None without times."""
        if self.words is not None:
            return [_token(word) for word in _last(self.words, lambda word: word.end_ms > since_ms)]
        if self.segments is not None:
            spoken = _last(self.segments, lambda segment: segment.end_ms > since_ms)
            return [token for token in _spread(spoken) if token.end_ms > since_ms]
        return None if self.text else []

    def first_words(self, until_ms: int) -> list[Token] | None:
        """The words that begin before `until_ms`; None without times."""
        if self.words is not None:
            return [_token(word) for word in takewhile(lambda word: word.start_ms < until_ms, self.words)]
        if self.segments is not None:
            spoken = takewhile(lambda segment: segment.start_ms < until_ms, self.segments)
            return [token for token in _spread(spoken) if token.start_ms < until_ms]
        return None if self.text else []

    def drop_end(self, dropped: DroppedWords, end_ms: int | None) -> None:
        """Remove words from the end; a shortened segment ends at `end_ms`, if that is known."""
        if not dropped.letters:
            return
        self.text, _ = without_end(self.text, dropped)
        _shorten(self.words, lambda word: word.text, dropped.letters, -1)
        _shorten(self.logprobs, lambda token: token.token, dropped.letters, -1)
        while self.segments and dropped.letters:
            segment = self.segments.pop()
            kept, letters = without_end(segment.text, dropped)
            if letters_of(kept):
                end = segment.end_ms if end_ms is None else max(segment.start_ms, min(segment.end_ms, end_ms))
                self.segments.append(replace(segment, text=kept, end_ms=end, tokens=()))
                return
            dropped = replace(dropped, letters=letters)

    def drop_beginning(self, dropped: DroppedWords, start_ms: int | None) -> None:
        """Remove words from the beginning; a shortened segment begins at `start_ms`, if that is known."""
        if not dropped.letters:
            return
        self.text, _ = without_beginning(self.text, dropped)
        _shorten(self.words, lambda word: word.text, dropped.letters, 0)
        _shorten(self.logprobs, lambda token: token.token, dropped.letters, 0)
        while self.segments and dropped.letters:
            segment = self.segments.pop(0)
            kept, letters = without_beginning(segment.text, dropped)
            if letters_of(kept):
                start = segment.start_ms if start_ms is None else min(segment.end_ms, max(segment.start_ms, start_ms))
                self.segments.insert(0, replace(segment, text=kept, start_ms=start, tokens=()))
                return
            dropped = replace(dropped, letters=letters)

    def start_after(self, other: TimedTranscript) -> None:
        """Keep words in order if the first words of this chunk begin before the last one of the other."""
        if not self.words or not other.words:
            return
        least_ms = other.words[-1].start_ms
        for index, word in enumerate(self.words):
            if word.start_ms >= least_ms:
                break
            self.words[index] = replace(word, start_ms=least_ms, end_ms=max(word.end_ms, least_ms))


def _called(item: _Spoken, names: dict[str, str]) -> _Spoken:
    return item if item.speaker is None else replace(item, speaker=names[item.speaker])


_Spoken = TypeVar("_Spoken", Word, Segment)


def _token(word: Word) -> Token:
    return Token(letters_of(word.text), word.start_ms, word.end_ms)


def _spread(segments: Iterable[Segment]) -> Iterator[Token]:
    for segment in segments:
        yield from tokens_of(segment.text, segment.start_ms, segment.end_ms)


def _last(items: Sequence[_Item], wanted: Callable[[_Item], bool]) -> list[_Item]:
    return list(takewhile(wanted, reversed(items)))[::-1]


def _shorten(items: list[_Item] | None, text: Callable[[_Item], str], letters: str, end: int) -> None:
    """Remove the items with these letters from one end."""
    left = len(letters)
    while items and left > 0:
        left -= len(letters_of(text(items.pop(end))))
