"""The space between two joined pieces of text, and the punctuation that belongs to each of them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
)
"""Scripts written without spaces between words, as a character class of a regular expression: Thai, Lao, Burmese,
Khmer, Chinese, Japanese."""

_UNSPACED: Final = re.compile(f"[{UNSPACED}]")


def space_between(left: str, right: str) -> str:
    """The space between two pieces of text: none beside an empty one, nor between scripts without spaces."""
    if not left or not right or (is_unspaced(left[-1]) and is_unspaced(right[0])):
        return ""
    return " "


def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script without spaces between words."""
    return _UNSPACED.match(character) is not None


def length_before_next(gap: str) -> int:
    """How many characters between two words belong to the first: a comma does, an opening quote does not."""
    for index, character in enumerate(gap):
        if character.isspace() or character in "¿¡" or unicodedata.category(character) in {"Ps", "Pi"}:
            return index
    return len(gap)
