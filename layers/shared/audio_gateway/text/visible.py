"""Whether a text has visible characters, which can be spoken."""

from __future__ import annotations

import unicodedata
from typing import Final

# Spaces, line ends, controls, and format characters such as U+200B, a space without width, and U+FEFF.
_UNSEEN: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
# Variation selectors, Hangul fillers and the empty Braille cell: letters and marks by category, but invisible.
_EMPTY: Final = frozenset(
    [*map(chr, range(0xFE00, 0xFE10)), "\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"]
)


def is_visible(text: str) -> bool:
    """Whether the text has a character that is neither a space nor invisible."""
    return any(unicodedata.category(character) not in _UNSEEN and character not in _EMPTY for character in text)
