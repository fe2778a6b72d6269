"""Turns the tokens of pieces of speech into one text, and tells the words in it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from audio_gateway.providers.embedded.moonshine.model import Token

_STOP: Final = b"."
_COMMA: Final = b","
_COMMAS: Final = re.compile(rb",+")
_CONTROLS: Final = re.compile(rb"[\x00-\x1f\x7f]+")
_SENTENCE_ENDS: Final = (".", "?", "!", "\N{HORIZONTAL ELLIPSIS}")
_LEAST_WORD: Final = 3  # letters before a full stop: fewer may be an abbreviation
_WORD_TOKENS: Final = 6  # nearly all words have fewer tokens
_SIGNS: Final = "$%&+=@#\N{POUND SIGN}\N{EURO SIGN}"  # that are read as words
_AROUND: Final = re.compile(rf"^[^\w{_SIGNS}]+|[^\w{_SIGNS}]+$")
_DOTTED: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")  # p.m, U.S
# Words that are written with a capital only where a sentence begins.
_SMALL_WORDS: Final = """
a about above after again against all almost along already also although always among an and another any anybody
anyone anything are around as at away back be because been before behind being below between both but by can cannot
could did do does down during each either else even ever every everybody everyone everything few for from get had has
have he her here hers herself him himself his how however if in inside instead into is it its itself just last least
less let like many me more most much must my myself near neither never next no none nor not nothing now of off often
on once one only onto or other others our ours ourselves out over own perhaps quite rather really said same second she
should since so some somebody someone something sometimes soon still such than that the their theirs them themselves
then there therefore these they this those though three through thus till to together too toward towards two under
until up upon us very was we well were what whatever when whenever where wherever whether which while who whole whom
whose why with within without would yes yet you your yours yourself
"""
_NEVER_NAMES: Final = frozenset(_SMALL_WORDS.split())


def joined(tokens: Sequence[Token], before: str, *, continued: bool, goes_on: bool) -> tuple[Token, ...]:
    """The tokens of a piece as they follow the text `before` them, which ends without space.

    The model writes every piece as a sentence. `continued` and `goes_on` say that there is no pause before or after it,
    so that there is no end of a sentence, either.
    """
    kept = _without_slips(tokens)
    if goes_on and kept and kept[-1].utf8 == _STOP:
        kept.pop()
    if kept:
        first = kept[0].utf8.lstrip()
        if before and (continued or not before.rstrip("\"'").endswith(_SENTENCE_ENDS)):
            first = _in_sentence(first, kept)
        kept[0] = replace(kept[0], utf8=b" " + first if before else first)
    return tuple(kept)


def text_of(tokens: Sequence[Token]) -> str:
    """The text of the tokens."""
    return b"".join(token.utf8 for token in tokens).decode(errors="replace")


def compression_ratio(text: bytes) -> float:
    """Bytes of the text for each byte of its compressed form, as Whisper defines it: high for what is repeated."""
    return len(text) / len(zlib.compress(text))


def words_of(text: str) -> list[str]:
    """The words of a text in their order, without the punctuation around them; every letter and digit is in a word."""
    return [_bare(written) for written in text.split() if any(c.isalnum() or c in _SIGNS for c in written)]


def _bare(written: str) -> str:
    bare = _AROUND.sub("", written)
    return f"{bare}." if _DOTTED.fullmatch(bare) and f"{bare}." in written else bare


def _without_slips(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without the slips of the model: `In short,, the`, `the best of times. it was`, odd space."""
    kept: list[Token] = []
    for index, token in enumerate(tokens):
        written = _COMMAS.sub(_COMMA, _CONTROLS.sub(b"", token.utf8))
        before = kept[-1].utf8 if kept else b""
        if before.endswith(b" "):
            written = written.lstrip(b" ")
        if written == _COMMA and before.endswith(_COMMA):
            continue
        if written == _STOP and _begins_small(tokens[index + 1 :]) and _ends_word(kept):
            written = _COMMA
        if written:
            kept.append(replace(token, utf8=written))
    while kept and kept[-1].utf8.endswith(b" "):
        last = kept.pop()
        if last.utf8.strip():
            kept.append(replace(last, utf8=last.utf8.rstrip()))
    return kept


def _begins_small(following: Sequence[Token]) -> bool:
    text = text_of(following[:1])
    return text[:1] == " " and text[1:2].islower()


def _ends_word(kept: Sequence[Token]) -> bool:
    """Whether there is a word and no abbreviation, such as `Mr` or `p.m`, at the end."""
    word = text_of(kept[-_WORD_TOKENS:]).split()[-1:]
    return bool(word) and "." not in word[0] and (len(word[0]) >= _LEAST_WORD or word[0].lower() in _NEVER_NAMES)


def _in_sentence(first: bytes, kept: Sequence[Token]) -> bytes:
    """The first token as it is written within a sentence: what may be a name keeps its capital."""
    word = text_of(kept[:_WORD_TOKENS]).split()[:1]
    letters = word[0].partition("'")[0].strip(",.!?;:") if word else ""
    return first[:1].lower() + first[1:] if letters.lower() in _NEVER_NAMES else first
