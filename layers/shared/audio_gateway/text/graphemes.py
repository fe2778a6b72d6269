"""Grapheme clusters: code points that a reader sees as one character (Unicode Standard Annex 29).

Only the rules that matter for text to be spoken, with the data of `unicodedata`: combining marks, joined emoji, flags,
Hangul syllables, Indic conjuncts.
"""

# ruff: noqa: PLR2004 - ranges of code points

from __future__ import annotations

import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_VIRAMA: Final = 9  # the combining class of signs that join two consonants
_EXTENDING: Final = frozenset(("Mn", "Me", "Mc"))
_ALSO_EXTENDING: Final = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")


def is_grapheme_border(text: str, at: int, since: int = 0) -> bool:
    """Whether a grapheme cluster ends before `at`. Both ends of the text are borders, and so must `since` be."""
    if at <= since or at >= len(text):
        return True
    before, behind = text[at - 1], text[at]
    if before < "\u0300" and behind < "\u0300":
        return (before, behind) != ("\r", "\n")
    if before in "\r\n" or behind in "\r\n":
        return True
    return not (
        _extends(behind)
        or (before == _JOINER and not behind.isspace())
        or (unicodedata.combining(before) == _VIRAMA and behind.isalpha())
        or _is_hangul_syllable(before, behind)
        or (_is_flag_half(before) and _is_flag_half(behind) and _flag_halves_before(text, at, since) % 2 == 1)
    )


def _extends(character: str) -> bool:
    return (
        character in _ALSO_EXTENDING
        or unicodedata.category(character) in _EXTENDING
        or 0x1F3FB <= ord(character) <= 0x1F3FF  # skin tones
        or 0xE0020 <= ord(character) <= 0xE007F  # the rest of a regional flag
    )


def _is_hangul_syllable(before: str, behind: str) -> bool:
    first, second = _hangul(before), _hangul(behind)
    return (
        (first == "L" and second in ("L", "V", "LV", "LVT"))
        or (first in ("LV", "V") and second in ("V", "T"))
        or (first in ("LVT", "T") and second == "T")
    )


def _hangul(character: str) -> str | None:
    code = ord(character)
    if 0xAC00 <= code <= 0xD7A3:
        return "LVT" if (code - 0xAC00) % 28 else "LV"
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    return "T" if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB else None


def _is_flag_half(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _flag_halves_before(text: str, at: int, since: int) -> int:
    start = at
    while start > since and _is_flag_half(text[start - 1]):
        start -= 1
    return at - start
