"""Characters in their plain form: full-width and styled letters, invisible characters, emoji."""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
import unicodedata
from typing import Final

_BEFORE_NFKC: Final = str.maketrans(
    {
        "½": " 1/2",
        "¼": " 1/4",
        "¾": " 3/4",
        "⅓": " 1/3",
        "⅔": " 2/3",
        "⅛": " 1/8",
        "⅜": " 3/8",
        "⅝": " 5/8",
        "⅞": " 7/8",
        "⅕": " 1/5",
        "™": "",
        "®": "",
        "℠": "",
        "ª": "",
        "º": "°",
        "´": "'",
        "‘": "'",
        "’": "'",
        "‛": "'",
        "ʼ": "'",
        "`": "`",
        "“": '"',
        "”": '"',
        "„": '"',
        "‟": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "‹": "'",
        "›": "'",
        "‚": ",",
        "‐": "-",
        "‑": "-",
        "‒": "–",
        "−": "-",
        "―": "—",
        "⸺": "—",
        "µ": "μ",
        "№": "No. ",
        "¨": "",
        "¸": "",
        "¯": "",
        "⁄": "/",
        "ë": "e",
        "ï": "i",
        "Ï": "I",
        "‥": "…",
        "′": "'",
        "″": '"',
        "﹏": "_",
    }
)
"""Characters that compatibility normalisation would turn into other words: `2½` into 21/2, `™` into TM."""

_SPACED_GROUP: Final = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d{3}(?!\\d))")
_POWERS: Final = {"²", "³"}
_HEARTS: Final = "❤♥💙💚💛💜🖤🤍🤎🩷🩵🧡💕💖💗💓"
_HEART: Final = re.compile(rf"(?<=\w) ?[{_HEARTS}]+(?= ?\w)")
_ELLIPSIS: Final = "…"
_NAMES: Final = {".": "dot", "-": "dash", "?": "question mark", "!": "exclamation mark", "*": "star", "#": "hash"}
_NEEDLESS: Final = re.compile(r" (?:SIGN|SYMBOL|MARK)$|^(?:HEAVY|BLACK|WHITE|SMILING|EMOJI) (?!MARK)")
_MOST_NAMED: Final = 20  # characters of a text without words


def plain_characters(text: str) -> str:
    """The text with letters, digits and punctuation in their plain form, in NFKC, and without what is not read.

    Emoji are left out, as a person does who reads a message aloud, except a heart between words ("I love you").
    """
    if not text.isascii():
        text = _HEART.sub(" love", _SPACED_GROUP.sub(",", text).translate(_BEFORE_NFKC).replace("\ufe0f", ""))
        text = "".join(
            character if character in _POWERS or character == _ELLIPSIS else unicodedata.normalize("NFKC", character)
            for character in unicodedata.normalize("NFC", text)
        )
    return "".join(map(_readable, text.replace("\r\n", "\n")))


def names_of(text: str) -> str:
    """What to say for a text without letters and digits: the names of its characters, of a run once, of at most 20."""
    named: list[str] = []
    previous = ""
    for character in text:
        name = "" if character == previous or character.isspace() else _name(character)
        if name and name not in named[-1:] and len(named) < _MOST_NAMED:
            named.append(name)
        previous = character
    return ", ".join(named)


def _name(character: str) -> str:
    if character in _NAMES:
        return _NAMES[character]
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return "flag"  # two such letters are one
    name = unicodedata.name(character, "")
    if unicodedata.category(character)[0] in "CM" or "VARIATION" in name or not name.isascii():
        return ""
    return re.sub(r"[^a-z ]+", " ", _NEEDLESS.sub("", name).lower()).strip()


def _readable(character: str) -> str:
    if " " <= character <= "~" or character == "\n":
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Zs", "Zl", "Zp"):
        return "\n" if character in "\r\v\f\x85\u2028\u2029" else " "
    if category in ("Cf", "Cs", "Me"):
        return ""
    if category in ("Co", "Cn") or _is_emoji(character):
        return " "
    return character


def _is_emoji(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sk") and character not in "°©℃℉"
