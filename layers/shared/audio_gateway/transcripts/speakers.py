"""The labels of speakers in responses."""

from __future__ import annotations

from collections.abc import Collection
from string import ascii_uppercase


class SpeakerLabels:
    """Labels speakers: the caller's names are kept, all others become A, B, … Z, AA, … as they appear.

    A letter that is one of the caller's names is skipped. Use one instance for a whole response, streamed or not.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        self._known = frozenset(known)
        self._labels: dict[str | None, str] = {}
        self._letters = 0

    def of(self, speaker: str | None) -> str:
        """The label of the provider's `speaker`; None counts as one more speaker, of everything unidentified."""
        if speaker is not None and speaker in self._known:
            return speaker
        if speaker not in self._labels:
            self._labels[speaker] = self._next()
        return self._labels[speaker]

    def _next(self) -> str:
        while True:
            self._letters += 1
            letters = _letters(self._letters)
            if letters not in self._known:
                return letters


def _letters(number: int) -> str:
    """1 is A, 26 is Z, 27 is AA: the columns of a spreadsheet."""
    letters = ""
    while number:
        number, digit = divmod(number - 1, len(ascii_uppercase))
        letters = ascii_uppercase[digit] + letters
    return letters
