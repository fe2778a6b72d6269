"""What the model made of a piece of audio, and whether it can be right."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_MOST_REPETITIVE: Final = 2.4  # compression ratio: more is a loop
_LEAST_LIKELY: Final = -1.0  # mean log probability: less is a guess
_SILENT: Final = 0.6  # probability of no speech
_REPEATED: Final = 3  # times, is a loop
_LETTERS_PER_S: Final = 30  # what the fastest speech has, in any script
_LETTERS_AT_LEAST: Final = 8  # for any audio, however short


@dataclass(frozen=True, slots=True)
class Attempt:
    """The text that the model decoded, and its figures.

    `complete` says that it ended by itself; `beyond` that it heard something later than the end of the audio, which has
    `audio_ms` without the silence after it.
    """

    text: str
    tokens: tuple[int, ...]
    complete: bool
    beyond: bool
    audio_ms: int
    temperature: float
    avg_logprob: float
    no_speech_prob: float

    @property
    def compression_ratio(self) -> float:
        """How many times smaller the text gets by compression: 1 to 2 for speech, more for a loop."""
        data = self.text.encode()
        return len(data) / len(zlib.compress(data))

    @property
    def loops(self) -> bool:
        """Whether the text repeats itself as no speaker does."""
        return self.compression_ratio > _MOST_REPETITIVE

    @property
    def repeats(self) -> bool:
        """Whether it ends in one thing said three times or more: a short loop, or a speaker who insists."""
        return len(without_loop(self.tokens)) < len(self.tokens)

    @property
    def room(self) -> int:
        """The most letters and digits that can be said in the time. Vowel signs and tone marks do not count."""
        return max(_LETTERS_AT_LEAST, self.audio_ms * _LETTERS_PER_S // 1000)

    @property
    def crowded(self) -> bool:
        """Whether there is more text than can be said in the time."""
        return letters(self.text) > self.room

    @property
    def plausible(self) -> bool:
        """Whether it needs no other attempt."""
        return self.complete and self._possible and not self.repeats and self.avg_logprob >= _LEAST_LIKELY

    @property
    def rank(self) -> tuple[bool, bool, bool, float]:
        """How believable it is, compared with another attempt."""
        return self._possible, self.complete, not self.repeats, self.avg_logprob

    @property
    def _possible(self) -> bool:
        return not self.loops and not self.beyond and not self.crowded

    @property
    def silent(self) -> bool:
        """Whether there is no text, or an unlikely one: for audio without speech, or too long for its time."""
        no_speech = self.no_speech_prob > _SILENT or (self.crowded and self.complete)
        guessed = no_speech and self.avg_logprob < _LEAST_LIKELY
        return guessed or not any(character.isalnum() for character in self.text)


def letters(text: str) -> int:
    """How many letters and digits a text has."""
    return sum(map(str.isalnum, text))


def without_loop(tokens: Sequence[int]) -> tuple[int, ...]:
    """The tokens up to the first time that the rest is one thing three times or more; all of them if it never is."""
    kept = tuple(tokens)
    while shorter := [one for one in _cut(kept) if len(one) < len(kept)]:
        kept = min(shorter, key=len)
    return kept


def _cut(tokens: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The tokens without what repeats the last one, the last two, and so on."""
    for period in range(1, len(tokens) // _REPEATED + 1):
        start = len(tokens) - period
        while start > 0 and tokens[start - 1] == tokens[start - 1 + period]:
            start -= 1
        if len(tokens) - start >= _REPEATED * period:
            yield tokens[: start + period]
