"""Subtitle-sized segments out of words, for providers that give the times of words only."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from audio_gateway.text.spacing import length_before_next, space_between
from audio_gateway.transcripts.transcript import Segment, Word

MAX_SEGMENT_MS: Final = 7_000
MAX_SEGMENT_CHARACTERS: Final = 84
"""Two lines of 42 characters, for 7 seconds at most: the limits that subtitle style guides agree on."""
PAUSE_MS: Final = 700
"""A silence that long between two words is heard as the end of a phrase."""

_SENTENCE_ENDS: Final = ".!?…\u3002\uff01\uff1f\uff61\u061f\u0964"
"""Full stops, exclamation and question marks, also of Chinese and Japanese, Arabic and Hindi."""
_QUOTES: Final = "\"'"
_TITLES: Final = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "e.g.", "i.e."})
"""Words whose full stop ends no sentence."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word with the text that stands for it: punctuation and the space that sets it off from the one before."""

    word: Word
    text: str


def segments_from_words(words: Sequence[Word], text: str = "") -> tuple[Segment, ...]:
    """Cut `words` into segments: at ends of sentences, pauses and changes of speaker, and before one gets too long.

    Punctuation comes from `text`, the whole transcript, where it holds exactly these words; otherwise the words are
    joined as they are. No word is lost, doubled or moved.
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
    """The stretch of `text` for each word; None unless the words are all that is said in it, in this order."""
    searched = text.lower()
    if len(searched) != len(text):  # lower case of another length: the places found would not fit
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
