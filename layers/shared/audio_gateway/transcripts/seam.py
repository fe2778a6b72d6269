"""Where the words of one chunk end and those of the next begin, when both heard the same few seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from audio_gateway.text.spacing import UNSPACED

_TOLERANCE_MS: Final = 500  # how far apart two chunks may place the same word
_LETTER: Final = "[^\\W_]"
_TOKEN: Final = re.compile(f"[{UNSPACED}]|{_LETTER}+(?:['\u2019-]{_LETTER}+)*")  # a character without spaces, or a word
_LEAST_RUN: Final = 2  # tokens in a row that must be the same where there are no times: one may be so by chance


class Token(NamedTuple):
    """A word that was heard: its letters, and when. Times are milliseconds of the whole recording."""

    letters: str
    start_ms: int
    end_ms: int

    @property
    def middle_ms(self) -> float:
        """The middle of the word."""
        return (self.start_ms + self.end_ms) / 2


@dataclass(frozen=True, slots=True)
class Seam:
    """How many words at the end of the left chunk, and at the beginning of the right one, the other chunk has."""

    left: int
    right: int


def letters_of(text: str) -> str:
    """What is compared: letters and digits, without case."""
    return "".join(character for character in text.casefold() if character.isalnum())


def tokens_of(text: str, start_ms: int = 0, end_ms: int = 0) -> list[Token]:
    """The words of a text; each gets its share of the time by its place among the characters."""
    length, long_ms = len(text), end_ms - start_ms
    return [
        Token(
            letters_of(match[0]),
            start_ms + match.start() * long_ms // length,
            start_ms + match.end() * long_ms // length,
        )
        for match in _TOKEN.finditer(text)
    ]


def seam_by_pairs(left: Sequence[Token], right: Sequence[Token], middle_ms: float) -> Seam | None:
    """The seam at the word nearest to the middle of the overlap that both chunks heard, at about the same time.

    A word that straddles the middle is then neither in both, because they place it differently, nor in none. None
    where they have no word in common.
    """
    pairs = _pairs(left, right)
    if not pairs:
        return None
    i, j = min(pairs, key=lambda pair: abs(left[pair[0]].middle_ms + right[pair[1]].middle_ms - 2 * middle_ms))
    own = left[i].middle_ms + right[j].middle_ms < 2 * middle_ms  # the word itself is the left chunk's
    return Seam(len(left) - i - own, j + own)


def seam_by_run(left: Sequence[Token], right: Sequence[Token]) -> Seam | None:
    """The seam in the middle of the longest run of words that both heard, whenever that was; None without one."""
    best, end_left, end_right = 0, 0, 0
    above = [0] * (len(right) + 1)
    for i, token in enumerate(left, 1):
        row = [0] * (len(right) + 1)
        for j, other in enumerate(right, 1):
            if token.letters == other.letters:
                row[j] = above[j - 1] + 1
                if row[j] >= best:  # of runs as long, the one nearest to the end of the left chunk
                    best, end_left, end_right = row[j], i, j
        above = row
    if not best or best < min(_LEAST_RUN, len(left), len(right)):
        return None
    behind = best // 2
    return Seam(len(left) - end_left + behind, end_right - behind)


def seam_in_middle(left: Sequence[Token], right: Sequence[Token], middle_ms: float) -> Seam:
    """The seam for chunks that heard no word alike: each goes by its own middle, but one at the same time is one."""
    kept = sum(1 for token in left if token.middle_ms < middle_ms)
    dropped = sum(1 for token in right if token.middle_ms < middle_ms)
    if kept and dropped < len(right) and _is_same_time(left[kept - 1], right[dropped]):
        dropped += 1
    elif kept < len(left) and dropped and _is_same_time(left[kept], right[dropped - 1]):
        kept += 1
    return Seam(len(left) - kept, dropped)


def _pairs(left: Sequence[Token], right: Sequence[Token]) -> list[tuple[int, int]]:
    """The words that both have, in order: as many and as close in time as can be."""
    worth = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) - 1, -1, -1):
        row, below = worth[i], worth[i + 1]
        for j in range(len(right) - 1, -1, -1):
            row[j] = max(below[j], row[j + 1], _likeness(left[i], right[j]) + below[j + 1])
    pairs, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if worth[i][j] == worth[i + 1][j]:
            i += 1
        elif worth[i][j] == worth[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def _likeness(token: Token, other: Token) -> float:
    """0 for different words, up to 1 for the same: less where they are apart, as words are said more than once."""
    apart_ms = abs(token.middle_ms - other.middle_ms)
    if not token.letters or token.letters != other.letters or apart_ms >= _TOLERANCE_MS:
        return 0.0
    return 1.0 - apart_ms / _TOLERANCE_MS


def _is_same_time(token: Token, other: Token) -> bool:
    """Whether two words, heard differently, are one: they share most of the shorter one's time."""
    shared_ms = min(token.end_ms, other.end_ms) - max(token.start_ms, other.start_ms)
    return 2 * shared_ms > min(token.end_ms - token.start_ms, other.end_ms - other.start_ms)
