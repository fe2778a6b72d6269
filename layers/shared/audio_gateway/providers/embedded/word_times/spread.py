"""Probable times of words that cannot be aligned: in the order of the text, within the speech."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from audio_gateway.audio.silero import WINDOW_MS

_SPEECH: Final = 0.5


def spread(words: Sequence[str], probabilities: Sequence[float]) -> list[tuple[int, int]]:
    """Start and end in milliseconds of each word: each gets as much of the speech as it has of the characters.

    `probabilities` are those of speech, for each 32 ms. Silence is in no word, unless it is in the middle of one.
    """
    spoken = [index for index, likely in enumerate(probabilities) if likely > _SPEECH] or range(len(probabilities))
    ends = list(accumulate(len(word) for word in words))
    return [
        (_place(end - len(word), ends[-1], spoken), _place(end, ends[-1], spoken, ends=True))
        for word, end in zip(words, ends, strict=True)
    ]


def _place(characters: int, total: int, spoken: Sequence[int], *, ends: bool = False) -> int:
    """The time after so many of all characters; at a silence, its end, or its beginning for the end of a word."""
    at_ms = characters * len(spoken) * WINDOW_MS // total
    window, within_ms = divmod(at_ms, WINDOW_MS)
    if (ends and not within_ms and window) or window == len(spoken):
        window, within_ms = window - 1, WINDOW_MS
    return spoken[window] * WINDOW_MS + within_ms
