"""English text as words, the way a person reads it aloud.

The speech engine reads words well, and nearly everything else badly. So it gets words only: numbers, dates, money,
units, abbreviations, addresses, signs and capitals are written out.
"""

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english import (
    abbreviations,
    addresses,
    dates,
    figures,
    markup,
    money,
    symbols,
    units,
)
from audio_gateway.text.english.capitals import without_shouting
from audio_gateway.text.english.characters import names_of, plain_characters
from audio_gateway.text.english.rules import Rule, apply, rule

_SIGNED: Final = (
    rule(r"(?<![\w)\]'\"-])(?<!\d )-(?=[$£€¥]?\.?\d)", "minus "),
    rule(r"(?<!\w)\+(?=[$£€¥]?\d)(?!\d{1,3}[ (\d]{6})", "plus "),
    rule(r"(?<!\w)~\s?(?=[$£€¥]?\d)", "about "),
    rule(r"(?<!\w)±\s?(?=\d)", "plus or minus "),
    rule(r"(?<![\w&])#\s?(?=\d)", "number "),
)
_TIDY: Final = (
    rule(r"[^\S\n]+", " "),
    rule(r" ?\n ?", "\n"),
    rule(r"\n{3,}", "\n\n"),
    rule(r" (?=[,.;:!?…)])", ""),
    rule(r"(?<=\() ", ""),
    rule(r"(?<=\w)(?P<mark>[,;:])(?=\w)", r"\g<mark> "),
    rule(r"(?<=[,;:])[,;:]+(?=\s|$)", ""),
    rule(r"^[,;: ]+", "", re.MULTILINE),
)
_RULES: Final[tuple[Rule, ...]] = (
    *addresses.RULES,
    *abbreviations.RULES,
    *dates.RULES,
    *_SIGNED,
    *money.RULES,
    *units.RULES,
    *figures.RULES,
    *symbols.RULES,
)


def spoken_english(text: str) -> str:
    """The words that a person would say who reads the English `text` aloud, with punctuation and line breaks.

    The result holds no digits, no square brackets and no signs but punctuation. Words in other scripts stay as they
    are. Emoji are left out beside words, and named where nothing else is written, as other signs are. Empty if there is
    nothing to say. Takes time in proportion to the length of the text.
    """
    plain = plain_characters(text)
    unmarked = apply(markup.RULES, units.with_inch_marks(plain))
    words = apply(_TIDY, without_shouting(apply(_RULES, unmarked))).strip()
    if any(map(str.isalnum, words)):
        return words
    is_markup = bool(plain.strip()) and not unmarked.strip()  # the rule between two paragraphs
    return "" if is_markup else names_of(text)
