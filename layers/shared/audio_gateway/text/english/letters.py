"""Letters and capitals: what is spelled, what is a word, and where names written as one fall apart."""

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english.numbers import spoken_code

_A: Final = "eh"
"""The name of the letter A, as the engine's lexicon spells it; it reads `A` as the article."""

_VOWELS: Final = frozenset("aeiouyAEIOUY")
_PIECE: Final = re.compile(r"[A-Z]++(?![a-z])|[A-Z]?[a-zß-öø-ÿ]++|[A-Z]|[^\W\d_]++|\d++")
_MOST_SPELLED: Final = 5  # letters; a longer run is read as a word, however it is written


def spelled(piece: str) -> str:
    """A run of letters, or of digits, of an address: words as words, others letter by letter, digits as a code."""
    if piece.isdecimal():
        return spoken_code(piece)
    if len(piece) == 1:
        return letter(piece)
    if len(piece) <= _MOST_SPELLED and _VOWELS.isdisjoint(piece):
        return piece.upper()
    return words_in_name(piece)


def letter(character: str) -> str:
    """The name of a letter."""
    return _A if character in "aA" else character.upper()


def words_in_name(name: str) -> str:
    """`ThrowbackThursday`, `snake_case`, `mp3_file2` as words."""
    return " ".join(
        spoken_code(piece) if piece.isdecimal() else letter(piece) if len(piece) == 1 else piece
        for piece in _PIECE.findall(name)
    )
