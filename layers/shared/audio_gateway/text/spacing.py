"""What stands between two pieces of text when they are put one behind the other, and what belongs to which of them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
)
"""Scripts written without spaces between words, as for a class of a regular expression: Thai, Lao, Burmese, Khmer,
Chinese, Japanese."""

_UNSPACED: Final = re.compile(f"[{UNSPACED}]")


def space_between(left: str, right: str) -> str:
    """The space between two pieces of text: none at the ends, nor between scripts that are written without."""
    if not left or not right or (is_unspaced(left[-1]) and is_unspaced(right[0])):
        return ""
    return " "


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that has no spaces between its words."""
    return _UNSPACED.match(character) is not None


def length_before_next(gap: str) -> int:
    """How much of what stands between two words belongs to the first: a comma does, an opening quote does not."""
    for index, character in enumerate(gap):
        if character.isspace() or character in "¿¡" or unicodedata.category(character) in {"Ps", "Pi"}:
            return index
    return len(gap)
