"""Removes words from the ends of a text, with their punctuation."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from audio_gateway.text.spacing import is_unspaced, length_before_next
from audio_gateway.transcripts.seam import letters_of

_QUOTES: Final = "\"'"
_FURTHER: Final = 64  # letters that are searched beyond those to remove


@dataclass(frozen=True, slots=True)
class DroppedWords:
    """Words to remove from the end of a text, or from its beginning, as letters.

    `beside` has the letters of some adjacent words, which remain.
    """

    letters: str
    beside: str


def without_end(text: str, dropped: DroppedWords) -> tuple[str, str]:
    """The text without its last words, and the letters of those that it does not contain."""
    at, left = _place(text, dropped, backwards=True)
    kept = text[:at].rstrip()
    while kept and (_opens(kept[-1]) or (kept[-1] in _QUOTES and kept[-2:-1].isspace())):
        kept = kept[:-1].rstrip()
    return kept, dropped.letters[:left]


def without_beginning(text: str, dropped: DroppedWords) -> tuple[str, str]:
    """The text without its first words, and the letters of those that it does not contain."""
    at, left = _place(text, dropped, backwards=False)
    if at:
        gap = next((i for i in range(at, len(text)) if text[i].isalnum()), len(text))
        at += length_before_next(text[at:gap])
    return text[at:].lstrip(), dropped.letters[len(dropped.letters) - left :]


def _place(text: str, dropped: DroppedWords, *, backwards: bool) -> tuple[int, int]:
    """The position where the letters end, counted from one end of the text, and how many letters are missing.

    A text may be spelt differently from the words (`20` for `twenty`): then the adjacent words are searched; if these
    are not found either, the same number of letters is removed, up to the border of a word.
    """
    step = -1 if backwards else 1
    wanted, beside = dropped.letters[::step], dropped.beside[::step]
    found, places = "", list[int]()  # letters from the outer end inwards, and their positions
    for place in range(len(text))[::step]:
        if len(found) >= 2 * len(wanted) + _FURTHER:
            break
        own = letters_of(text[place])[::step]
        found += own
        places += [place] * len(own)
    outer, inner = (len(text), 0) if backwards else (0, len(text))
    if wanted.startswith(found):
        return inner, len(wanted) - len(found)
    count = len(wanted) if found.startswith(wanted) else _before(found, beside, len(wanted))
    if count is None:
        at = _behind(places, min(len(wanted), len(found)), outer, backwards=backwards)
        while 0 < at < len(text) and _inside_word(text, at):
            at += step
        return at, 0
    return _behind(places, count, outer, backwards=backwards), 0


def _behind(places: list[int], count: int, outer: int, *, backwards: bool) -> int:
    """The border after so many letters."""
    return outer if not count else places[count - 1] + (not backwards)


def _before(found: str, beside: str, near: int) -> int | None:
    """The number of letters before the occurrence of `beside` nearest to `near`; None if there is none."""
    if not beside:
        return None
    starts = [at for at in range(len(found) - len(beside) + 1) if found.startswith(beside, at)]
    return min(starts, key=lambda at: abs(at - near), default=None)


def _inside_word(text: str, at: int) -> bool:
    before, behind = text[at - 1], text[at]
    return before.isalnum() and behind.isalnum() and not (is_unspaced(before) or is_unspaced(behind))


def _opens(character: str) -> bool:
    return character in "¿¡" or unicodedata.category(character) in {"Ps", "Pi"}
