"""Makes segments of the size of subtitles from words, for providers that return only the times of words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
_QUOTES: Final = "\"'"
_TITLES: Final = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "e.g.", "i.e."})
"""Words whose full stop does not end a sentence."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word with its part of the text: with punctuation, and the space before it."""

    word: Word
    text: str


def segments_from_words(words: Sequence[Word], text: str = "") -> tuple[Segment, ...]:
    """Cut `words` into segments: at ends of sentences, pauses and changes of speaker, and before one gets too long.

    Punctuation comes from `text`, the whole transcript, if it contains exactly these words; otherwise the words are
    joined unchanged. No word is lost, repeated or moved.
    """
    spoken = [word for word in words if word.text.strip()]
    pieces = _pieces_of_text(spoken, text) or _pieces_of_words(spoken)
    segments: list[Segment] = []
    current: list[_Piece] = []
    for piece in pieces:
        if current and _must_cut(current, piece):
            segments.append(_segment(current))
            current = []
        current.append(piece)
    if current:
        segments.append(_segment(current))
    return tuple(segments)


def _must_cut(current: Sequence[_Piece], following: _Piece) -> bool:
    last = current[-1]
    return (
        last.word.speaker != following.word.speaker
        or following.word.start_ms - last.word.end_ms >= PAUSE_MS
        or _ends_sentence(last.text)
        or following.word.end_ms - current[0].word.start_ms > MAX_SEGMENT_MS
        or len(_text([*current, following])) > MAX_SEGMENT_CHARACTERS
    )


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
