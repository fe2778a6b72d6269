"""Makes segments of the size of subtitles from words, for providers that return only the times of words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from audio_gateway.text.spacing import length_before_next, space_between
from audio_gateway.transcripts.transcript import Segment, Word

MAX_SEGMENT_MS: Final = 7_000
MAX_SEGMENT_CHARACTERS: Final = 84
"""Two lines of 42 characters for at most 7 seconds: the limits of common subtitle style guides."""
PAUSE_MS: Final = 700
"""A silence between two words that ends a phrase."""

_SENTENCE_ENDS: Final = ".!?…\u3002\uff01\uff1f\uff61\u061f\u0964"
"""Full stops, exclamation and question marks, including Chinese, Japanese, Arabic and Hindi ones."""
_CLAUSE_ENDS: Final = ",;:\u2014\u3001\uff0c\uff1b\uff1a\u060c"
_QUOTES: Final = "\"'"
_TITLES: Final = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "e.g.", "i.e."})
"""Words whose full stop does not end a sentence."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word with its part of the text: with punctuation, and the space before it."""

    word: Word
    text: str


def segments_from_words(words: Sequence[Word], text: str = "") -> tuple[Segment, ...]:
    """Cut `words` into segments: at ends of sentences, pauses and changes of speaker, and where one gets too long.

    A sentence that is too long is cut at commas and short pauses if some are near, into parts of similar lengths.
    Punctuation comes from `text`, the whole transcript, if it contains exactly these words; otherwise the words are
    joined unchanged. No word is lost, repeated or moved.
    """
    spoken = [word for word in words if word.text.strip()]
    pieces = _pieces_of_text(spoken, text) or _pieces_of_words(spoken)
    return tuple(_segment(line) for phrase in _phrases(pieces) for line in _lines(phrase))


def _phrases(pieces: Iterable[_Piece]) -> Iterator[list[_Piece]]:
    """Runs of words of one speaker without a pause or an end of a sentence within."""
    phrase: list[_Piece] = []
    for piece in pieces:
        if phrase and _ends_between(phrase[-1], piece):
            yield phrase
            phrase = []
        phrase.append(piece)
    if phrase:
        yield phrase


def _ends_between(last: _Piece, following: _Piece) -> bool:
    return (
        last.word.speaker != following.word.speaker
        or following.word.start_ms - last.word.end_ms >= PAUSE_MS
        or _ends_sentence(last.text)
    )


def _lines(phrase: Sequence[_Piece]) -> Iterator[Sequence[_Piece]]:
    """A phrase in parts that fit, of similar lengths, and cut at commas and short pauses where there are some near."""
    lengths = list(accumulate((len(piece.text) for piece in phrase), initial=0))
    begin = 0
    while begin < len(phrase):
        characters = lengths[-1] - lengths[begin]
        duration_ms = phrase[-1].word.end_ms - phrase[begin].word.start_ms
        parts = max(-(-characters // MAX_SEGMENT_CHARACTERS), -(-duration_ms // MAX_SEGMENT_MS), 1)
        goal = characters / parts

        def worth(end: int, begin: int = begin, goal: float = goal) -> float:
            return _strength(phrase, end) - abs(lengths[end] - lengths[begin] - goal) / goal

        end = max(_fitting(phrase, begin), key=worth)
        yield phrase[begin:end]
        begin = end


def _fitting(phrase: Sequence[_Piece], begin: int) -> Iterator[int]:
    """Where a segment that begins there may end; at least the first word is in it."""
    yield begin + 1
    length = len(phrase[begin].text.lstrip())
    for end in range(begin + 1, len(phrase)):
        piece = phrase[end]
        length += len(piece.text)
        is_long = piece.word.end_ms - phrase[begin].word.start_ms > MAX_SEGMENT_MS
        if is_long or length - len(piece.text) + len(piece.text.rstrip()) > MAX_SEGMENT_CHARACTERS:
            return
        yield end + 1


def _strength(phrase: Sequence[_Piece], end: int) -> float:
    """How good a place it is to cut at, from 0.0 in mid-phrase to 2.0."""
    if end == len(phrase):
        return 2.0
    pause_ms = phrase[end].word.start_ms - phrase[end - 1].word.end_ms
    has_comma = phrase[end - 1].text.rstrip().endswith(tuple(_CLAUSE_ENDS))
    return has_comma + min(max(pause_ms, 0), PAUSE_MS) / PAUSE_MS


def _ends_sentence(text: str) -> bool:
    bare = text.strip()
    while bare and (bare[-1] in _QUOTES or unicodedata.category(bare[-1]) in {"Pe", "Pf"}):
        bare = bare[:-1]
    return bare.endswith(tuple(_SENTENCE_ENDS)) and bare.lower() not in _TITLES


def _segment(pieces: Sequence[_Piece]) -> Segment:
    start_ms = pieces[0].word.start_ms
    return Segment(
        text=_text(pieces),
        start_ms=start_ms,
        end_ms=max(start_ms, *(piece.word.end_ms for piece in pieces)),
        speaker=pieces[0].word.speaker,
    )


def _text(pieces: Iterable[_Piece]) -> str:
    return "".join(piece.text for piece in pieces).strip()


def _pieces_of_words(words: Sequence[Word]) -> list[_Piece]:
    pieces: list[_Piece] = []
    for word in words:
        bare = word.text.strip()
        space = space_between(pieces[-1].text, bare) if pieces else ""
        pieces.append(_Piece(word, space + bare))
    return pieces


def _pieces_of_text(words: Sequence[Word], text: str) -> list[_Piece] | None:
    """The part of `text` for each word; None unless the text has exactly these words, in this order."""
    searched = text.lower()
    if len(searched) != len(text):  # lower case of a different length: the positions would not fit
        return None
    pieces: list[_Piece] = []
    begin = end = 0  # of the word before
    for index, word in enumerate(words):
        bare = word.text.strip()
        at = searched.find(bare.lower(), end)
        if at < 0 or _speaks(text[end:at]):
            return None
        if index:
            own = end + length_before_next(text[end:at])
            pieces.append(_Piece(words[index - 1], text[begin:own]))
            begin = own
        end = at + len(bare)
    if not words or _speaks(text[end:]):
        return None
    return [*pieces, _Piece(words[-1], text[begin:])]


def _speaks(gap: str) -> bool:
    return any(character.isalnum() for character in gap)
