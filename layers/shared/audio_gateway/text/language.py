"""Which language a text is written in."""

# ruff: noqa: RUF001 - letters of many scripts

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from audio_gateway.text.frequent_words import FREQUENT_WORDS
from audio_gateway.text.scripts import letters_by_script
from audio_gateway.text.word_evidence import WordEvidence

_ENGLISH: Final = "en"
_USUAL: Final = {
    "latin": _ENGLISH,
    "cyrillic": "ru",
    "arabic": "ar",
    "hebrew": "he",
    "devanagari": "hi",
    "bengali": "bn",
    "ethiopic": "am",
    "greek": "el",
    "armenian": "hy",
    "thaana": "dv",
    "gurmukhi": "pa",
    "gujarati": "gu",
    "oriya": "or",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "sinhala": "si",
    "thai": "th",
    "lao": "lo",
    "tibetan": "bo",
    "burmese": "my",
    "georgian": "ka",
    "hangul": "ko",
    "khmer": "km",
    "mongolian": "mn",
}
_BY_LETTERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "cyrillic": (
        ("be", "ў"),
        ("uk", "їєґ"),
        ("mk", "ѓќѕ"),
        ("sr", "ђћљњџј"),
        ("kk", "әғқңұһ"),
        ("mn", "өү"),
        ("uk", "і"),
        ("ru", "ыэё"),
    ),
    "arabic": (("ur", "ٹڈڑںےہھ"), ("ps", "ټډړږښګڼې"), ("ku", "ڵێۆڕ"), ("fa", "پچژگکی")),
    "hebrew": (("yi", "װױײ"),),
    "devanagari": (("mr", "ळ"),),
    "bengali": (("as", "ৰৱ"),),
}
"""Letters that only one language of a script uses, or one of those that remain after the ones before it."""

_RARE: Final = 200  # one in so many letters may belong to a name
_LETTERS_PER_SIGN: Final = {"han": 2.5, "kana": 2.5, "hangul": 2.5, "ethiopic": 2.0}
"""What a sign of these scripts counts against letters of an alphabet, in which a word has more of them."""

_JAPANESE_HAN: Final = frozenset("々駅円図働込県売読続対応発変様帰広実黒権験済沢辺関険択徳浜焼戦歩毎気畑峠")
_LEAST_KANA: Final = 0.06  # of Japanese text; a Chinese one may quote a の

_WORD: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0963])*")  # vowel signs of Devanagari are no letters to `re`
_ADDRESS: Final = re.compile(r"(?<!\S)\S*?(?:://|@|www\.|\.(?:com|org|net)\b)\S*")
_MOST_CHARACTERS: Final = 20_000
_MOST_WORDS: Final = 100  # that are looked at, from the whole text

# The evidence against English that makes a text foreign; see WordEvidence.
_LEAST: Final = 2.8
_LEAST_IF_ALL_FREQUENT: Final = 2.5
_LEAST_PER_WORD: Final = 0.8


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language that most of `text` is written in; None if there is too little to tell.

    The script decides first. Among the languages of one script decide letters that only one of them uses, frequent
    words and groups of letters. For Latin script the answer in doubt is English or None, never another language: names,
    loan words and short quotations do not make English text foreign. None therefore means Latin script and nothing
    that speaks against English, or no letters at all. Reads at most 20,000 characters.
    """
    text = unicodedata.normalize("NFC", text[:_MOST_CHARACTERS])
    scripts = letters_by_script(text)
    script = _main_script(scripts)
    if script is None:
        return None
    if script == "han":
        return _chinese_or_japanese(scripts)
    if script == "latin":
        return _latin(_words(_ADDRESS.sub(" ", text)))
    return _by_letters(script, scripts[script]) or _by_words(script, _words(text)) or _USUAL[script]


def _main_script(scripts: Mapping[str, Counter[str]]) -> str | None:
    weights: Counter[str] = Counter()
    for script, letters in scripts.items():
        asian = script in ("kana", "bopomofo")
        weights["han" if asian else script] += round(10 * letters.total() * _LETTERS_PER_SIGN.get(script, 1))
    return max(weights, key=weights.__getitem__, default=None)


def _chinese_or_japanese(scripts: Mapping[str, Counter[str]]) -> str:
    han, kana = scripts.get("han", Counter[str]()), scripts.get("kana", Counter[str]()).total()
    if kana > _LEAST_KANA * (han.total() + kana):
        return "ja"
    return "zh" if _JAPANESE_HAN.isdisjoint(han) else "ja"


def _by_letters(script: str, letters: Counter[str]) -> str | None:
    least = max(1, letters.total() // _RARE)
    for language, typical in _BY_LETTERS.get(script, ()):
        if sum(letters[letter] for letter in {*typical, *typical.upper()}) >= least:
            return language
    return None


def _by_words(script: str, words: Sequence[str]) -> str | None:
    if script not in FREQUENT_WORDS:
        return None
    language, evidence = _evidence(script).strongest(words)
    return language if evidence > 0 else None


def _latin(words: Sequence[str]) -> str | None:
    if all(len(word) == 1 for word in words):
        return None  # x = y + z
    known = _evidence("latin")
    language, evidence = known.strongest(words)
    is_all_frequent = all(known.is_frequent(word, language) for word in words)
    if evidence >= max(_LEAST_IF_ALL_FREQUENT if is_all_frequent else _LEAST, _LEAST_PER_WORD * len(words)):
        return language
    return _ENGLISH if any(known.is_frequent(word, _ENGLISH) for word in words) else None


def _words(text: str) -> Sequence[str]:
    """Words in lower case; of a long text as many as `_MOST_WORDS`, from all of it."""
    words = _WORD.findall(text.replace("İ", "i").lower())  # "İ".lower() is two characters
    return words[:: -(-len(words) // _MOST_WORDS) or 1]


@cache
def _evidence(script: str) -> WordEvidence:
    return WordEvidence(FREQUENT_WORDS[script], _USUAL[script])
