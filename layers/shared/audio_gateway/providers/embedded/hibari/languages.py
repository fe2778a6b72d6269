"""Which part of a text is English, for hibari, and which is for eSpeak NG.

Each paragraph is decided on its own; one that gives no hint is in the language of the whole text. Foreign words in the
letters of English are left to hibari, words in another script are not: it would skip them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from audio_gateway.providers.embedded.hibari.pieces import Piece, paragraphs
from audio_gateway.text.language import language_of
from audio_gateway.text.scripts import script_of
from audio_gateway.text.spoken_english import spoken_english

ENGLISH: Final = "en"

_BETWEEN_S: Final = 0.06  # of silence between an English word and a foreign one
_LATIN: Final = frozenset({"latin", "other"})


@dataclass(frozen=True, slots=True)
class Passage:
    """Text in one language (ISO 639-1), with the silence behind it. English is written out as it is read."""

    piece: Piece
    language: str


def passages(text: str) -> Iterator[Passage]:
    """The text, in the order of reading."""
    usual = language_of(text) or ENGLISH
    for paragraph in paragraphs(text):
        language = language_of(paragraph.text) or usual
        if language == ENGLISH:
            yield from _with_other_scripts(Piece(spoken_english(paragraph.text), paragraph.pause_s))
        else:
            yield Passage(paragraph, language)


def _with_other_scripts(paragraph: Piece) -> Iterator[Passage]:
    runs: list[tuple[bool, str]] = []
    for word in paragraph.text.replace("\n", " \n").split(" "):
        foreign = _is_foreign(word)
        if runs and (runs[-1][0] == foreign or not any(map(str.isalnum, word))):
            runs[-1] = (runs[-1][0], f"{runs[-1][1]} {word}")
        else:
            runs.append((foreign, word))
    for number, (foreign, words) in enumerate(runs, 1):
        pause_s = paragraph.pause_s if number == len(runs) else _BETWEEN_S
        yield Passage(Piece(words, pause_s), (foreign and language_of(words)) or ENGLISH)


def _is_foreign(word: str) -> bool:
    letters = [character for character in word if character.isalpha()]
    return sum(script_of(letter) not in _LATIN for letter in letters) * 2 > len(letters)
