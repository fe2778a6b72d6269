"""Compares what was said with what was heard, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audio_gateway.text.spoken_english import spoken_english


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Words that are wrong (other ones, missing ones and added ones), and words that were said."""

    wrong: int = 0
    said: int = 0

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(self.wrong + other.wrong, self.said + other.said)

    @property
    def rate(self) -> float:
        """The word error rate."""
        return self.wrong / self.said


def word_errors(said: str, heard: str) -> WordErrors:
    """The errors of a transcript. Spelling that sounds alike is right: `Mr.` is mister, and `5` is five."""
    truth, found = spoken_words(said), spoken_words(heard)
    return WordErrors(sum(_differ(truth, found, pair) for pair in aligned(truth, found)), len(truth))


def spoken_words(text: str) -> list[str]:
    """The words of a text as they are read aloud, in small letters."""
    plain = "".join(
        c if c.isalnum() or c == "'" else " "
        for c in spoken_english(text).lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    return plain.split()


def aligned(truth: Sequence[str], found: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of indices of words that stand for each other, with the fewest errors; None where there is no such word."""
    costs = [list(range(len(found) + 1))]
    for i, word in enumerate(truth, 1):
        row = [i]
        for j, other in enumerate(found, 1):
            row.append(min(costs[-1][j] + 1, row[-1] + 1, costs[-1][j - 1] + (word != other)))
        costs.append(row)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(truth), len(found)
    while i or j:
        if i and j and costs[i][j] == costs[i - 1][j - 1] + (truth[i - 1] != found[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and costs[i][j] == costs[i - 1][j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _differ(truth: Sequence[str], found: Sequence[str], pair: tuple[int | None, int | None]) -> bool:
    i, j = pair
    return i is None or j is None or truth[i] != found[j]
