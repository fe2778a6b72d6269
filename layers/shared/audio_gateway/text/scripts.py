"""Which script a character belongs to, and how much of a text is written in each."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Final

_BLOCK_LIST: Final = """
0041 latin 00aa latin 00ba latin 00c0 latin 0250 other 0370 greek 0400 cyrillic 0530 armenian 0590 hebrew 0600 arabic
0700 other 0750 arabic 0780 thaana 07c0 other 08a0 arabic 0900 devanagari 0980 bengali 0a00 gurmukhi 0a80 gujarati
0b00 oriya 0b80 tamil 0c00 telugu 0c80 kannada 0d00 malayalam 0d80 sinhala 0e00 thai 0e80 lao 0f00 tibetan 1000 burmese
10a0 georgian 1100 hangul 1200 ethiopic 13a0 other 1780 khmer 1800 mongolian 18b0 other 1c80 cyrillic 1c90 georgian
1cc0 other 1e00 latin 1f00 greek 2000 other 2c60 latin 2c80 other 2d00 georgian 2d30 other 2d80 ethiopic 2de0 cyrillic
2e00 other 3005 han 3008 other 3040 kana 3100 bopomofo 3130 hangul 3190 other 31f0 kana 3200 other 3400 han 4dc0 other
4e00 han a000 other a640 cyrillic a6a0 other a720 latin a800 other a8e0 devanagari a900 other ab30 latin ab70 other
ac00 hangul d800 other f900 han fb00 latin fb13 armenian fb1d hebrew fb50 arabic fe00 other fe70 arabic ff00 other
ff21 latin ff66 kana ffa0 hangul ffe0 other 20000 han 323b0 other
"""
_BLOCKS: Final = _BLOCK_LIST.split()
_STARTS: Final = tuple(int(start, 16) for start in _BLOCKS[::2])
_SCRIPTS: Final = tuple(_BLOCKS[1::2])
_OTHER: Final = "other"


def script_of(letter: str) -> str:
    """The script of a letter, in lower case (`latin`, `han`, `kana` …); `other` if it decides about no language."""
    at = bisect_right(_STARTS, ord(letter)) - 1
    return _SCRIPTS[at] if at >= 0 else _OTHER


def letters_by_script(text: str) -> dict[str, Counter[str]]:
    """How often each letter occurs, by script; marks that belong to letters count as letters."""
    scripts: dict[str, Counter[str]] = {}
    for character, count in Counter(text).items():
        script = script_of(character)
        if script != _OTHER and not character.isspace() and (character.isalpha() or character > "\u0300"):
            scripts.setdefault(script, Counter())[character] = count
    return scripts
