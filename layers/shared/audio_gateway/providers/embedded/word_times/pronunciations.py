"""What is said for a written English word, and how it is pronounced if the dictionary does not have it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from audio_gateway.providers.embedded.word_times.letter_sounds import plain_letters, sounds_of, spelled
from audio_gateway.text.spoken_english import spoken_english

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+)*")
_MOST_SPELLED: Final = 5  # letters; longer abbreviations are read as words
_LEAST_PART: Final = 3  # letters of each half of a compound
_HISSING: Final = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
_VOICELESS: Final = frozenset({"P", "T", "K", "F", "TH"})

Lookup = Callable[[str], str | None]
"""Gives the phones of a word in lower case, separated by spaces; None if it is not in the dictionary."""


def spoken_words(written: str) -> list[str]:
    """The words that are said for one written word: `$5` is two, `ill-disposed` too, and a dash none."""
    if written.isalpha():
        return [written]
    return _WORD.findall(spoken_english(written))


def pronounced(word: str, lookup: Lookup) -> str:
    """The ARPAbet phones of a word that the dictionary does not have, separated by spaces."""
    if word.isupper() and len(word) <= _MOST_SPELLED:
        return spelled(word)
    stem, apostrophe, ending = word.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").partition("'")
    letters = plain_letters(stem)
    phones = lookup(letters) or _plural(letters, lookup) or _compound(letters, lookup) or sounds_of(letters)
    if apostrophe and ending == "s":
        return _with_s(phones)
    return f"{phones} {sounds_of(ending)}" if ending else phones


def _plural(letters: str, lookup: Lookup) -> str | None:
    singular = lookup(letters[:-1]) if letters.endswith("s") else None
    return None if singular is None else _with_s(singular)


def _with_s(phones: str) -> str:
    last = phones.rsplit(maxsplit=1)[-1]
    return f"{phones} {'IH Z' if last in _HISSING else 'S' if last in _VOICELESS else 'Z'}"


def _compound(letters: str, lookup: Lookup) -> str | None:
    """The pronunciation of two words written as one: `smartphone`; the split with the most equal parts."""
    places = range(_LEAST_PART, len(letters) - _LEAST_PART + 1)
    for place in sorted(places, key=lambda place: abs(2 * place - len(letters))):
        first, second = lookup(letters[:place]), lookup(letters[place:])
        if first and second:
            return f"{first} {second}"
    return None
