"""Finds the ends of sentences and clauses.

It uses punctuation and the characters around it. In doubt a full stop does not end a sentence: speech that is split
one sentence later sounds right, speech that is split after `Mr.` does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from audio_gateway.text.spacing import UNSPACED


class Strength(IntEnum):
    """What ends at a position, the strongest first."""

    PARAGRAPH = 0
    SENTENCE = 1
    CLAUSE = 2
    WORD = 3


class End(NamedTuple):
    """A position to split at: after the end of something, and after the space that follows."""

    at: int
    strength: Strength


_SPACE: Final = "[^\\S\u00a0\u2007\u202f]"  # without no-break spaces
_CLOSERS: Final = "[\"'\u2019\u201d\u00bb)\\]}\u300b\u300d\u300f\u3011\uff09\uff3d\uff5d\u3009]"
# A run of marks is matched as a whole (++), or skipped as a whole if nothing ends there: matching from each mark would
# take quadratic time for a long run.
_ENDS: Final = re.compile(
    f"(?P<space>{_SPACE}+)"
    f"|(?P<stop>[\u3002\uff01\uff1f\uff61\u203c\u2047-\u2049\u104b\u17d4\u0f0d]+|[!?]++(?=[{UNSPACED}]))"
    f"(?P<closed>{_CLOSERS}*){_SPACE}*"
    f"|(?P<pause>[\uff0c\u3001\uff1b\uff1a\uff64\u104a]|[,;:](?=[{UNSPACED}])|\u2014++(?=\\w)){_CLOSERS}*{_SPACE}*"
    "|[!?]++|\u2014++"
)
_STOPS: Final = "!?\u2026\u061f\u06d4\u0964\u0965\u0589\u1362\u3002\uff01\uff1f\uff61\u203c\u2047\u2048\u2049"
_PAUSES: Final = ",;:\u060c\u061b\u1363\u1365\u2013\u2014\uff0c\u3001\uff1b\uff1a"
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\v\f\x85\u2028]|\u2029")
_NEAR: Final = 50  # characters that are read around a position, to bound the time
_PARAGRAPH_SEPARATOR: Final = "\u2029"
_LETTERS_WITH_STOPS: Final = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")  # U.S, z.B, e.g
_SHORT_NUMBER: Final = re.compile(r"\d{1,2}")  # of a list, or a day: `1. Mai`
# Titles, addresses, companies; in books; German; French, Spanish, Italian, Portuguese, Dutch; months and days.
_ABBREVIATION_LIST: Final = """
mr mrs ms mx dr prof rev hon sen rep gov pres gen col maj capt lt sgt cmdr adm st ste mt ft ave blvd rd jr sr esq
phd md bros inc ltd co corp llc plc dept univ assn
vs etc al cf viz approx ca circa ed eds trans op cit ibid i.e e.g a.k.a
hr fr frl dipl ing bzw usw usf evtl ggf inkl exkl zzgl vgl sog geb gest str tel mio mrd jh bspw
mme mlle mgr sra sto sta dra ud uds ee uu avv dott sig sigg ecc exmo exma dhr mevr bv nv o.a d.w.z
jan feb apr jul aug sep sept oct nov dec tue tues thu thur thurs fri
"""
_NUMBERED_LIST: Final = "no nr num nos fig figs p pp pg vol vols ch chap sec art abb abs bd par para pos"
_ABBREVIATIONS: Final = frozenset(_ABBREVIATION_LIST.split())
_BEFORE_NUMBERS: Final = frozenset(_NUMBERED_LIST.split())


def ends(text: str, start: int, end: int) -> Iterator[End]:
    """All positions after `start` and up to `end` where something ends; text that goes on past `end` may end there."""
    for match in _ENDS.finditer(text, start, end):
        if match["space"] is not None:
            yield End(match.end(), _before_space(text, match.start(), match.end()))
        elif match["stop"] is None and match["pause"] is None:
            continue  # marks that end nothing
        elif _goes_on(text, match.end()):
            continue  # a bracket or mark beyond `end` still belongs to this end
        elif match["stop"] is not None:
            is_quoted = match["closed"] and text[match.end() : match.end() + 1].isalnum()
            yield End(match.end(), Strength.CLAUSE if is_quoted else Strength.SENTENCE)
        else:
            yield End(match.end(), Strength.CLAUSE)


def _goes_on(text: str, at: int) -> bool:
    following = text[at : at + 1]
    return bool(following) and unicodedata.category(following) in {"Pe", "Pf", "Po"}


def _before_space(text: str, start: int, end: int) -> Strength:
    start = _back(text, start, str.isspace)
    breaks = _LINE_BREAK.findall(text, start, end)
    if len(breaks) > 1 or _PARAGRAPH_SEPARATOR in breaks:
        return Strength.PARAGRAPH
    strength = _behind(text, start, end)
    return min(strength, Strength.CLAUSE) if breaks else strength


def _behind(text: str, end: int, following: int) -> Strength:
    """The strength of the end before the space from `end` up to `following`."""
    bare = _back(text, end, _closes)
    last = text[bare - 1 : bare]
    if last and last in _PAUSES:
        return Strength.CLAUSE
    if last == ".":
        return Strength.SENTENCE if _is_full_stop(text, bare, following) else Strength.WORD
    if last and last in _STOPS:
        return Strength.CLAUSE if _next_letter(text, following).islower() else Strength.SENTENCE
    return Strength.WORD


def _is_full_stop(text: str, end: int, following: int) -> bool:
    """Whether the full stop before `end` ends a sentence, and not an abbreviation, initial or number."""
    next_letter = _next_letter(text, following)
    if next_letter.islower():
        return False
    word = _word_before(text, end - 1)
    folded = word.casefold()
    if folded in _BEFORE_NUMBERS:
        return not next_letter.isdigit()
    return not (
        (len(word) == 1 and word.isalpha())
        or folded in _ABBREVIATIONS
        or _LETTERS_WITH_STOPS.fullmatch(word)
        or _SHORT_NUMBER.fullmatch(word)
    )


def _word_before(text: str, end: int) -> str:
    word = text[_back(text, end, lambda character: not character.isspace()) : end]
    return word.lstrip("".join(c for c in word[:3] if not c.isalnum()))


def _next_letter(text: str, at: int) -> str:
    """The first letter or digit from `at` on, after opening marks."""
    near = text[at : at + _NEAR]
    return next((c for c in near if not c.isspace() and unicodedata.category(c) not in {"Ps", "Pi", "Po", "Pd"}), "")


def _back(text: str, at: int, belongs: Callable[[str], bool]) -> int:
    """The start of the run of characters before `at` that `belongs` accepts, at most `_NEAR` back."""
    least = max(0, at - _NEAR)
    while at > least and belongs(text[at - 1]):
        at -= 1
    return at


def _closes(character: str) -> bool:
    return character in "\"'\u2019" or unicodedata.category(character) in {"Pe", "Pf"}
