"""Markdown, HTML and brackets: the words stay, the marks go.

The speech engine reads `[word](/phonemes/)` as instructions. No text that passed through here holds square brackets.
"""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english.rules import Rule, rule

_ENTITIES: Final = {
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "quot": '"',
    "apos": "'",
    "#39": "'",
    "nbsp": " ",
    "mdash": "—",
    "ndash": "–",
    "hellip": "…",
    "copy": "©",
    "reg": "",
    "trade": "",
    "rsquo": "'",
    "lsquo": "'",
    "ldquo": '"',
    "rdquo": '"',
    "euro": "€",
    "pound": "£",
    "deg": "°",
    "times": "×",
}
_TAGS: Final = (
    "a abbr b blockquote br code del div em h[1-6] hr i img ins kbd li mark ol p pre s small span strong sub sup table"
    " tbody td th thead tr u ul speak break prosody emphasis say-as phoneme voice audio"
).replace(" ", "|")


def _list_item(match: re.Match[str]) -> str:
    """An item or a heading, closed with a full stop if it has no mark of its own: a reader pauses after it."""
    words = match["words"].rstrip()
    return words if not words or not words[-1].isalnum() else f"{words}."


RULES: Final[tuple[Rule, ...]] = (
    rule(rf"</?(?:{_TAGS})(?:\s[^<>]{{0,300}})?/?>", " ", re.IGNORECASE),
    rule(r"<!--.{0,1000}?-->", ""),
    rule(rf"&({'|'.join(_ENTITIES)});", lambda match: _ENTITIES[match[1]]),
    rule(r"^[ \t]*(?:```|~~~).*$", "", re.MULTILINE),
    rule(r"^[ \t]*(?:[-*_] ?){3,}[ \t]*$", "", re.MULTILINE),
    rule(r"^[ \t]*=+[ \t]*$", "", re.MULTILINE),
    rule(r"^[ \t]*+\|?(?:[ \t]*+:?-{2,}+:?[ \t]*+\|)++[ \t:-]*+$", "", re.MULTILINE),
    rule(r"^(?:[ \t]*>)+[ \t](?=\D)", "", re.MULTILINE),
    rule(r"^[ \t]*(?:#{1,6}|[-*+•‣◦·])[ \t]+(?:\[[ xX]\][ \t]+)?(?P<words>\S.*)$", _list_item, re.MULTILINE),
    rule(r"^[ \t]*(?P<number>\d{1,3})\)[ \t]", r"\g<number>. ", re.MULTILINE),
    rule(r"!?\[(?P<label>[^\[\]]*+)\]\((?:[^()\s]|\([^()\s]*+\)| )*+\)", r"\g<label>"),
    rule(r"!?\[(?P<label>[^\[\]\n]++)\]\[[^\[\]\n]*+\]", r"\g<label>"),
    rule(r"<(?P<address>(?:https?://|mailto:)[^\s<>]++)>", r"\g<address>"),
    rule(r"\*{2,}|~~|`+|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)|(?<!\w)_+(?!\w)", ""),
    rule(r"(?<![\w*])\*(?=[^\s*\d])|(?<=[^\s*])\*(?![\w*])", ""),
    rule(r"[\[{]", "("),
    rule(r"[\]}]", ")"),
    rule(r"\(\s*\)", " "),
)
