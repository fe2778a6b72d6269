"""Finds the seam of two chunks: where the words of the first end and those of the second begin, in their overlap."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from audio_gateway.text.spacing import UNSPACED

_TOLERANCE_MS: Final = 500  # the greatest difference between the times of the same word in two chunks
_LETTER: Final = "[^\\W_]"
_TOKEN: Final = re.compile(
    f"[{UNSPACED}]|{_LETTER}+(?:['\u2019-]{_LETTER}+)*"
)  # a character of a script without spaces, or a word
_LEAST_RUN: Final = 2  # consecutive equal tokens that are required without times: one may be equal by chance


class Token(NamedTuple):
    """A word: its letters and its times, in milliseconds of the whole recording."""

    letters: str
    start_ms: int
    end_ms: int

    @property
    def middle_ms(self) -> float:
        """The middle of the word."""
        return (self.start_ms + self.end_ms) / 2


@dataclass(frozen=True, slots=True)
class Seam:
    """The number of words to drop at the end of the left chunk, and at the beginning of the right one."""

    left: int
    right: int


def letters_of(text: str) -> str:
    """The letters and digits that are compared, without case."""
    return "".join(character for character in text.casefold() if character.isalnum())


def tokens_of(text: str, start_ms: int = 0, end_ms: int = 0) -> list[Token]:
    """The words of a text; each gets a share of the time in proportion to its characters."""
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
    """The seam at the word nearest to the middle of the overlap that both chunks have at about the same time.

    So a word across the middle is in exactly one of them, even if their times differ. None if they have no word in
    common.
    """
    pairs = _pairs(left, right)
    if not pairs:
        return None
    i, j = min(pairs, key=lambda pair: abs(left[pair[0]].middle_ms + right[pair[1]].middle_ms - 2 * middle_ms))
    own = left[i].middle_ms + right[j].middle_ms < 2 * middle_ms  # the word itself comes from the left chunk
    return Seam(len(left) - i - own, j + own)


def seam_by_run(left: Sequence[Token], right: Sequence[Token]) -> Seam | None:
    """The seam in the middle of the longest run of words that both have, whatever its times; None without one."""
    best, end_left, end_right = 0, 0, 0
    above = [0] * (len(right) + 1)
    for i, token in enumerate(left, 1):
        row = [0] * (len(right) + 1)
        for j, other in enumerate(right, 1):
            if token.letters == other.letters:
                row[j] = above[j - 1] + 1
                if row[j] >= best:  # of equal runs, the one nearest to the end of the left chunk
                    best, end_left, end_right = row[j], i, j
        above = row
    if not best or best < min(_LEAST_RUN, len(left), len(right)):
        return None
    behind = best // 2
    return Seam(len(left) - end_left + behind, end_right - behind)


def seam_in_middle(left: Sequence[Token], right: Sequence[Token], middle_ms: float) -> Seam:
    """The seam for chunks without a common word: in the middle, but two words at the same time count as one."""
    kept = sum(1 for token in left if token.middle_ms < middle_ms)
    dropped = sum(1 for token in right if token.middle_ms < middle_ms)
    if kept and dropped < len(right) and _is_same_time(left[kept - 1], right[dropped]):
        dropped += 1
    elif kept < len(left) and dropped and _is_same_time(left[kept], right[dropped - 1]):
        kept += 1
    return Seam(len(left) - kept, dropped)


def _pairs(left: Sequence[Token], right: Sequence[Token]) -> list[tuple[int, int]]:
    """The pairs of common words, in order: the most pairs, and the closest in time."""
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
    """0 for different words, up to 1 for equal ones: less if their times differ, because words can be repeated."""
    apart_ms = abs(token.middle_ms - other.middle_ms)
    if not token.letters or token.letters != other.letters or apart_ms >= _TOLERANCE_MS:
        return 0.0
    return 1.0 - apart_ms / _TOLERANCE_MS


def _is_same_time(token: Token, other: Token) -> bool:
    """Whether two different words are probably one: they share most of the shorter one's time."""
    shared_ms = min(token.end_ms, other.end_ms) - max(token.start_ms, other.start_ms)
    return 2 * shared_ms > min(token.end_ms - token.start_ms, other.end_ms - other.start_ms)
