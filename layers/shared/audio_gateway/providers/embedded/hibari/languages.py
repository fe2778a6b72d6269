"""Which language a paragraph is in, and the voice of eSpeak NG for it."""

from __future__ import annotations

import unicodedata
from typing import Final

_SCRIPTS: Final = {
    "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn", "TAMIL": "ta",
    "CJK": "cmn", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip


def language_of(text: str) -> str:
    """The language of most of the letters, by their script; English if there is no other."""
    counts: dict[str, int] = {}
    for character in text:
        if character.isalpha():
            script = unicodedata.name(character, "LATIN").split(" ")[0]
            language = _SCRIPTS.get(script, "en" if script == "LATIN" else script.lower())
            counts[language] = counts.get(language, 0) + 1
    return max(counts, key=lambda language: counts[language], default="en")
