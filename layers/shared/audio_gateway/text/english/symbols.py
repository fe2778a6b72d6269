"""Signs between words, and the marks that the speech engine pauses at."""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
import unicodedata
from typing import Final

from audio_gateway.text.english.letters import letter
from audio_gateway.text.english.rules import Rule, listed, rule

_WORDS: Final = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "@": "at",
    "%": "percent",
    "~": "",
    "$": "dollar",
    "£": "pound",
    "€": "euro",
    "¥": "yen",
    "₹": "rupee",
    "¢": "cent",
    "°": "degrees",
    "©": "copyright",
    "§": "section",
    "¶": "paragraph",
    "±": "plus or minus",
    "×": "times",
    "÷": "divided by",
    "√": "square root of",
    "∞": "infinity",
    "≈": "about",
    "≠": "is not equal to",
    "≤": "is less than or equal to",
    "≥": "is greater than or equal to",
    "→": "to",
    "⇒": "to",
    "←": "from",
    "↑": "up",
    "↓": "down",
    "↔": "to and from",
    "∑": "sum",
    "∂": "partial",
    "∫": "integral",
    "−": "minus",
    "²": "squared",
    "³": "cubed",
    "|": ",",
    "•": ",",
    "·": ",",
}
_OR: Final = listed("he she him her his hers and or yes no on off true false")
_GREEK: Final = re.compile(r"(?<![^\W_])[α-ωΑ-Ω](?![^\W_])")


def _sign(match: re.Match[str]) -> str:
    return f" {_WORDS[match[0]]} " if _WORDS[match[0]] != "," else ", "


def _greek(match: re.Match[str]) -> str:
    return unicodedata.name(match[0]).rpartition(" ")[2].lower()


def _slash(match: re.Match[str]) -> str:
    left, right = match["left"].lower(), match["right"].lower()
    if right == "or":
        return f"{match['left']} "
    if match["left"].isupper() and match["right"].isupper():
        return f"{letter('a') if left == 'a' else match['left']} "  # I/O, TCP/IP
    return f"{match['left']} {'or' if left in _OR and right in _OR else 'slash'} "


def _unknown(match: re.Match[str]) -> str:
    """A sign that has no word here: mathematical ones by their names, others are not read."""
    if unicodedata.category(match[0]) in ("Sm", "Sc"):
        return f" {re.sub('[^a-z ]+', ' ', unicodedata.name(match[0], '').lower())} "
    return " "


RULES: Final[tuple[Rule, ...]] = (
    rule(r"\bC#", "C sharp"),
    rule(r"\bF#(?!\w)", "F sharp"),
    rule(r"\b([A-Za-z])\+\+", lambda match: f"{match[1]} plus plus"),
    rule(r"(?<![\w.])\.(?=[A-Za-z]{2})", "dot "),
    rule(r"(?<=\w)'n'(?=\w)|(?<=\w) 'n' (?=\w)", " and "),
    rule(r"<?[-=]{1,2}>", " to "),
    rule(r"<[-=]{1,2}", " from "),
    rule(r"(?<= )<(?= )", "is less than"),
    rule(r"(?<= )>(?= )", "is greater than"),
    rule(r"(?<!\w)#(?=\w)", "number "),
    rule(r"~(?=[a-z])", "about "),
    rule(r"(?<![^\W_])(?P<left>[^\W_]++)/(?=(?P<right>[^\W_]++))", _slash),
    rule("[" + re.escape("".join(_WORDS)) + "]", _sign),
    rule(_GREEK.pattern, _greek),
    rule(r"(?<=[a-z] )A(?=(?: [a-z]|[,;:!?)]|\.(?!\w)|$))", letter("a")),
    rule(r"\s--+\s|(?<=\w)--+(?=\w)", " — "),
    rule(r" - ", " — "),
    rule(r"\.{2,}", "…"),
    rule(r"([!?])[!?]+", lambda match: "?!" if {*match[0]} == {*"?!"} else match[1]),
    rule(r"([,;:…—])\1+", r"\1"),
    rule(r"[^\w\s.,;:!?…—–\-'\"()]|_", _unknown),
)
