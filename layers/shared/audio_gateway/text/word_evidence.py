"""Tells languages of one script apart, word by word, against the one that is usual in that script.

A word that is frequent in a language speaks for it, one that is frequent in the usual language speaks against all
others. For the rest it counts how likely their groups of three letters are in a language, compared with the usual one.
The evidence of such a word is limited: a name may look like any language.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

# The evidence of one word, in natural logarithms of likelihood; tuned on tests/data/languages.
_FREQUENT: Final = 3.0
_SHARED: Final = 0.3  # frequent in the usual language, too
_USUAL_ONLY: Final = -2.0
_OF_ANOTHER: Final = -0.5  # frequent, but in neither of the two
_UNKNOWN_AT_MOST: Final = 2.0
_PER_GROUP: Final = 2.0

_UNSEEN: Final = 0.3  # counts for a group that a language's words do not hold
_POSSIBLE_GROUPS: Final = 6000


class WordEvidence:
    """The languages of one script, known by their frequent words; `usual` is one of them."""

    def __init__(self, frequent: Mapping[str, str], usual: str) -> None:
        self._frequent = frequent
        self._usual = usual
        self._others = tuple(language for language in frequent if language != usual)

    def strongest(self, words: Sequence[str]) -> tuple[str, float]:
        """The likeliest language but the usual one, and the evidence that the words are in it and not in the usual one.

        `words` are in lower case. The evidence is a logarithm of likelihood: more than 0 if the language is likelier.
        """
        scores = dict.fromkeys(self._others, 0.0)
        for word, count in Counter(words).items():
            for language, evidence in self._evidence(word).items():
                scores[language] += count * evidence
        best = max(scores, key=scores.__getitem__)
        return best, scores[best]

    def is_frequent(self, word: str, language: str) -> bool:
        """Whether the word, in lower case, is among the frequent ones of the language."""
        return language in self._languages_of.get(word, ())

    def _evidence(self, word: str) -> Mapping[str, float]:
        languages = self._languages_of.get(word, ())
        if self._usual in languages:
            shared = dict.fromkeys(languages, _SHARED)
            shared.pop(self._usual)
            return dict.fromkeys(self._others, _USUAL_ONLY) | shared
        offset = _OF_ANOTHER if languages else 0.0
        likeness = {
            language: offset + max(-_UNKNOWN_AT_MOST, min(_UNKNOWN_AT_MOST, _PER_GROUP * alike))
            for language, alike in zip(self._others, self._likeness(word), strict=True)
        }
        return likeness | dict.fromkeys(languages, _FREQUENT)

    def _likeness(self, word: str) -> Sequence[float]:
        """For each of the others, how much likelier the word's groups are than in the usual one: the mean logarithm."""
        groups = _groups(word)
        unseen, seen = self._groups
        total = [base * len(groups) for base in unseen]
        for group in groups:
            for index, more in seen.get(group, ()):
                total[index] += more
        return [(score - total[-1]) / len(groups) for score in total[:-1]]

    @cached_property
    def _languages_of(self) -> Mapping[str, tuple[str, ...]]:
        languages: dict[str, tuple[str, ...]] = {}
        for language, words in self._frequent.items():
            for word in words.split():
                languages[word] = (*languages.get(word, ()), language)
        return languages

    @cached_property
    def _groups(self) -> tuple[Sequence[float], Mapping[str, Sequence[tuple[int, float]]]]:
        """Log probabilities: of an unseen group in each language, the usual one last, and what seen ones have more."""
        unseen: list[float] = []
        seen: dict[str, list[tuple[int, float]]] = {}
        for index, language in enumerate((*self._others, self._usual)):
            counts = Counter(group for word in self._frequent[language].split() for group in _groups(word))
            unseen.append(math.log(_UNSEEN / (counts.total() + _UNSEEN * _POSSIBLE_GROUPS)))
            for group, count in counts.items():
                seen.setdefault(group, []).append((index, math.log((count + _UNSEEN) / _UNSEEN)))
        return unseen, seen


def _groups(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]
