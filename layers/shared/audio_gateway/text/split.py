"""Splits long text into pieces that can be spoken one by one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from audio_gateway.text.graphemes import is_grapheme_border
from audio_gateway.text.sentences import Strength, ends
from audio_gateway.text.spacing import is_unspaced

_NEVER_FIRST: Final = frozenset(
    "々〻ゝゞヽヾー゛゜ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
)  # small and repeated kana
_KATAKANA: Final = range(0x30A0, 0x3100)
_FIRST: Final = 160  # characters of the first of growing pieces, at most: ten seconds of speech
_LEAST_FIRST: Final = 20  # and at least


def split(text: str, max_characters: int) -> list[str]:
    """All `pieces` of a text."""
    return list(pieces(text, max_characters))


def pieces(text: str, max_characters: int) -> Iterator[str]:
    """Split text into pieces of at most `max_characters` code points, each when it is needed.

    Joined, they are exactly the text. A piece ends with a paragraph, or else with a sentence, a clause or a word, and
    includes the space after it. The pieces have similar lengths, to avoid a short last one. A word is split only if it
    alone is longer than a piece, and a grapheme cluster only if that is. Text in a script without spaces and without
    punctuation may be split between any two characters. A long run of spaces can become a blank piece, which need not
    be spoken.

    Raises `ValueError` if `max_characters` is less than 1.
    """
    _check(max_characters)
    return _pieces(text, 0, max_characters)


def growing_pieces(text: str, max_characters: int) -> Iterator[str]:
    """As `pieces`, but the first is a sentence, and the limit of the next ones doubles up to `max_characters`.

    A sentence of a word or two is not a piece of its own, and of a long one only the beginning is the first piece.
    """
    _check(max_characters)
    return _growing_pieces(text, max_characters)


def _growing_pieces(text: str, max_characters: int) -> Iterator[str]:
    most = min(_FIRST, max_characters)
    if len(text) > most:
        found = (end.at for end in ends(text, min(_LEAST_FIRST, most), most) if end.strength <= Strength.SENTENCE)
        start = next((at for at in found if _is_place(text, at, 0)), 0) or _end(text, 0, most, most)
        yield text[:start]
    else:
        start = 0
    while start < len(text):
        most = min(2 * most, max_characters)
        if most == max_characters or len(text) - start <= most:
            yield from _pieces(text, start, max_characters)
            return
        end = _end(text, start, start + most, start + most)
        yield text[start:end]
        start = end


def _check(max_characters: int) -> None:
    if max_characters < 1:
        raise ValueError(f"pieces of {max_characters} characters cannot hold any text")


def _pieces(text: str, start: int, most: int) -> Iterator[str]:
    while len(text) - start > most:
        left = len(text) - start
        ideal = -(-left // -(-left // most))  # if all remaining pieces had the same length
        end = _end(text, start, start + ideal, min(start + most, len(text) - ideal // 4))
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _end(text: str, start: int, ideal: int, last: int) -> int:
    """The end of the piece from `start` on: near `ideal`, at `last` at the latest."""
    first = max(start + 1, (start + ideal) // 2)
    found = [end for end in ends(text, first - 1, last) if _is_place(text, end.at, start) and first <= end.at]
    if found:
        return min(found, key=lambda end: (end.strength, abs(end.at - ideal))).at
    around = sorted(range(first, last + 1), key=lambda at: abs(at - ideal))
    unspaced = next((at for at in around if _is_between_words(text, at, start)), None)
    if unspaced is not None:
        return unspaced
    earlier = [end.at for end in ends(text, start, first) if _is_place(text, end.at, start)]
    if earlier:
        return earlier[-1]
    around = [*range(ideal, start, -1), *range(ideal + 1, last + 1)]
    return next((at for at in around if _is_place(text, at, start)), last)


def _is_place(text: str, at: int, start: int) -> bool:
    return at > start and is_grapheme_border(text, at, start)


def _is_between_words(text: str, at: int, start: int) -> bool:
    """Whether text in a script without spaces may be split at `at`."""
    before, behind = text[at - 1], text[at]
    return (
        (is_unspaced(before) or is_unspaced(behind))
        and behind.isalnum()
        and behind not in _NEVER_FIRST
        and unicodedata.category(before) not in {"Ps", "Pi"}
        and not (ord(before) in _KATAKANA and ord(behind) in _KATAKANA)
        and is_grapheme_border(text, at, start)
    )
