"""Text in the pieces that are spoken one after another, and the pauses between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from audio_gateway.text.sentences import Strength, ends
from audio_gateway.text.split import split

CLAUSE_S: Final = 0.12
SENTENCE_S: Final = 0.4
LINE_S: Final = 0.55
PARAGRAPH_S: Final = 0.85

_LONGEST: Final = 400  # characters of a piece
_QUICK: Final = 80  # of the first one: more than some five seconds of speech take too long to make
_LONG_PARAGRAPH: Final = 2000  # characters: what is written out as it is read, before its first sentence is heard
_LEAST: Final = 25  # of a clause that is spoken alone
_WRAPPED: Final = 40  # characters: a shorter line was ended by its writer, not by the width of a page
_LINE_BREAK: Final = re.compile("[\n\r\v\f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, and the seconds of silence that follow it at normal speed."""

    text: str
    pause_s: float


def paragraphs(text: str) -> Iterator[Piece]:
    """The text at its blank lines and line breaks, but not where a line was only wrapped.

    A very long paragraph is cut after a sentence, so that the first one is soon there whatever the text is like.
    """
    start = 0
    for end in ends(text, 0, len(text)):
        if end.strength is Strength.PARAGRAPH:
            pause = PARAGRAPH_S
        elif _ends_a_line(text, start, end.at):
            pause = LINE_S
        elif end.strength is Strength.SENTENCE and end.at - start > _LONG_PARAGRAPH:
            pause = SENTENCE_S
        else:
            continue
        yield from _if_any(text[start : end.at], pause)
        start = end.at
    yield from _if_any(text[start:], PARAGRAPH_S)


def _if_any(text: str, pause_s: float) -> Iterator[Piece]:
    if bare := text.strip():
        yield Piece(bare, pause_s)


def sentences(paragraph: Piece, *, first: bool) -> Iterator[Piece]:
    """The paragraph's sentences; long ones in parts. The `first` of a text is short, to be heard soon."""
    for sentence in _at_sentences(paragraph):
        for part in _in_parts(sentence):
            if first:
                first = False
                yield from _quick(part)
            else:
                yield part


def _at_sentences(paragraph: Piece) -> Iterator[Piece]:
    text, start = paragraph.text, 0
    for end in ends(text, 0, len(text)):
        if end.strength is Strength.SENTENCE and end.at < len(text):
            yield Piece(text[start : end.at], SENTENCE_S)
            start = end.at
    yield Piece(text[start:], paragraph.pause_s)


def _in_parts(sentence: Piece) -> Iterator[Piece]:
    parts = split(sentence.text, _LONGEST)
    for number, part in enumerate(parts, 1):
        yield Piece(part, sentence.pause_s if number == len(parts) else CLAUSE_S)


def _quick(sentence: Piece) -> Iterator[Piece]:
    """A long sentence in two: up to its first clause, and the rest."""
    text = sentence.text
    if len(text) > _QUICK:
        for end in ends(text, 0, len(text) - _LEAST):
            if end.strength is Strength.CLAUSE and end.at >= _LEAST:
                yield Piece(text[: end.at], CLAUSE_S)
                yield Piece(text[end.at :], sentence.pause_s)
                return
    yield sentence


def _ends_a_line(text: str, start: int, at: int) -> bool:
    """Whether the space before `at` has a line break that the writer meant."""
    line = text[start:at]
    bare = line.rstrip()
    if not _LINE_BREAK.search(line, len(bare)):
        return False
    last = len(_LINE_BREAK.split(bare)[-1])
    return last < _WRAPPED or not text[at : at + 1].islower()
