"""URLs, e-mail addresses, names with @ and #, files and paths: read so that a listener could type them."""

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english.letters import spelled, words_in_name
from audio_gateway.text.english.numbers import digits
from audio_gateway.text.english.rules import Rule, any_of, listed, rule

_SIGNS: Final = {
    ".": "dot",
    "/": "slash",
    "\\": "backslash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    ":": "colon",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "+": "plus",
    "%": "percent",
    "~": "tilde",
    "*": "star",
    ",": "comma",
    ";": "semicolon",
    "!": "exclamation mark",
    "$": "dollar",
    "(": "open bracket",
    ")": "close bracket",
    "[": "open bracket",
    "]": "close bracket",
}
_TOP_DOMAINS: Final = listed(
    "com org net edu gov mil int info biz io co uk de fr es it nl ch at eu us ca au jp cn in br ru me tv ai app dev"
    " tech online site store blog cloud xyz ly gg fm news page wiki shop local"
)
_SUFFIXES: Final = listed(
    "py js ts jsx tsx mjs json yaml yml toml ini cfg conf md txt rst csv tsv xml html htm css scss sql sh bat exe dll"
    " zip tar gz tgz rar pdf doc docx xls xlsx ppt pptx odt png jpg jpeg gif svg webp bmp ico mp3 mp4 wav flac ogg"
    " opus m4a webm mov avi mkv log lock c h cpp hpp rs go java kt rb php swift ipynb env db bak onnx wasm"
)
_COUNTRIES: Final = frozenset(listed("uk de fr es nl ch eu us ca au jp cn br ru tv ai io js py cc"))
_SAID_AS_WORDS: Final = frozenset(
    listed("toml conf bat tar zip doc docx gif log lock java swift env bin wav flac opus ogg go bak wasm")
)
_SAID: Final = {
    "json": "jason",
    "jpeg": "jay peg",
    "jpg": "jay peg",
    "yaml": "yammel",
    "toml": "tommel",
    "txt": "text",
    "exe": "EXE",
    "usr": "user",
    "src": "source",
    "etc": "etsy",
}
_PIECE: Final = re.compile(r"[^\W\d_]++|\d++|[^\w\s]|_")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})"
_HOST: Final = rf"(?:{_LABEL}\.){{1,8}}"


def _url(match: re.Match[str]) -> str:
    return _with_stop(match["address"])


def _with_stop(address: str) -> str:
    """The words of an address; the punctuation of the sentence around it stays punctuation."""
    bare = address.rstrip(".,;:!?'\"…")
    if bare.endswith(")") and "(" not in bare:
        bare = bare[:-1]
    rest = address[len(bare) :]
    return f"{_in_words(bare.removesuffix('/'))}{rest}"


def _in_words(address: str) -> str:
    pieces = _PIECE.findall(address)
    return " ".join(_piece(piece, before) for before, piece in zip(["", *pieces], pieces, strict=False))


def _piece(piece: str, before: str = "") -> str:
    if piece in _SIGNS:
        return _SIGNS[piece]
    if before == "." and piece in _COUNTRIES:
        return piece.upper()
    return _SAID.get(piece.lower()) or spelled(piece)


def _mention(match: re.Match[str]) -> str:
    return f"at {_in_words(match['name'])}"


def _hashtag(match: re.Match[str]) -> str:
    return f"hashtag {words_in_name(match['name'])}"


def _file(match: re.Match[str]) -> str:
    name = match["name"]
    words = " ".join(_SAID.get(word.lower(), word) for word in words_in_name(name).split())
    suffix = match["suffix"]
    return f"{words} dot {_SAID.get(suffix) or (suffix if suffix in _SAID_AS_WORDS else suffix.upper())}"


def _ip(match: re.Match[str]) -> str:
    return re.sub(r"\d+|\D", lambda part: f" {_octet(part[0])} ", match[0]).strip()


def _octet(part: str) -> str:
    return _SIGNS.get(part) or (digits(part) if len(part) == 3 else spelled(part))  # noqa: PLR2004


RULES: Final[tuple[Rule, ...]] = (
    rule(r"\b(?:https?|ftp|wss?|s3|file)://(?:www\.)?(?P<address>[^\s<>\"“”\u00ab\u00bb]++)", _url, re.IGNORECASE),
    rule(r"\bmailto:(?=\S)", ""),
    rule(rf"\b(?P<address>[\w.+-]{{1,64}}@{_HOST}[A-Za-z]{{2,24}})\b", _url),
    rule(r"\bwww\.(?P<address>[a-zA-Z0-9][^\s<>\"“”\u00ab\u00bb]*+)", _url, re.IGNORECASE),
    rule(
        rf"(?<![\w@./-])(?P<address>{_HOST}(?:{any_of(_TOP_DOMAINS)})(?![\w-])(?::\d{{2,5}})?(?:/[^\s<>\"“”\u00ab\u00bb]*+)?)",
        _url,
    ),
    rule(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?!\w|\.\d)", _ip),
    rule(r"(?<![\w@])@(?P<name>[A-Za-z_][\w]{0,63})", _mention),
    rule(r"(?<![\w&#])#(?P<name>[^\W\d_]\w{0,99})", _hashtag),
    rule(rf"(?<![\w.@/\\])(?P<name>\w[\w-]{{0,99}})\.(?P<suffix>{any_of(_SUFFIXES)})\b(?!\.?\w)", _file),
    rule(r"(?<![\w.<])(?P<address>(?:~|\.{1,2})(?:/[\w.@+-]++)++/?|(?:/[\w.@+-]++){2,}+/?)(?!\w)", _url),
    rule(r"\b(?P<address>[A-Z]:\\[^\s<>\"|?*]*+)", _url),
)
