"""Whether there is anything in a text that somebody could see, and so read aloud."""

from __future__ import annotations

import unicodedata
from typing import Final

# Spaces, line ends, controls, and format characters such as U+200B, a space without width, and U+FEFF.
_UNSEEN: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
# Variation selectors, fillers of Hangul and the Braille cell without a dot: letters and marks by name, and empty.
_EMPTY: Final = frozenset(
    [*map(chr, range(0xFE00, 0xFE10)), "\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"]
)


def is_visible(text: str) -> bool:
    """Whether the text has a character that is neither space nor invisible."""
    return any(unicodedata.category(character) not in _UNSEEN and character not in _EMPTY for character in text)
