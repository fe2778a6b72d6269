"""Converts an upstream's times, in any unit, to milliseconds of the audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from audio_gateway.audio.source import AudioSource
from audio_gateway.providers.openai.fields import Malformed

_WINDOW_S: Final = 30.0
"""Whisper reads windows of this length, pads the last one with silence, and may place words in the padding."""
_SLACK_S: Final = 0.5
_LEAST_SHARE: Final = 5  # a fifth of the audio: an earlier last time has no evident unit; must be less than 10
_PER_SECOND: Final = (100, 1_000, 1_000_000, 10_000_000, 1_000_000_000)
"""Hundredths (whisper.cpp), milliseconds, microseconds, ticks of .NET, nanoseconds (Go)."""
_MODELS_RATE: Final = 16_000  # the sample rate of Whisper and similar models

Span = tuple[float | None, float | None]
"""Start and end as reported; None for a missing time."""


@dataclass(frozen=True, slots=True)
class TimeConverter:
    """Converts an upstream's times to milliseconds of the audio; `per_second` of its units are a second."""

    duration_ms: int
    per_second: int = 1

    def ms(self, time: float) -> int:
        """Milliseconds, rounded half up and clamped to the audio."""
        within = min(max(time / self.per_second, 0.0), self.duration_ms / 1000)
        return int((Decimal(repr(within)) * 1000).quantize(Decimal(1), ROUND_HALF_UP))

    def spans(self, spans: Sequence[Span]) -> list[tuple[int, int]]:
        """Start and end of each item; no item ends before it starts.

        A missing time is taken from the neighbours: some servers report none for words written in digits.
        """
        following, follows = list[float | None](), None
        for start, _ in reversed(spans):
            following.append(follows)
            follows = follows if start is None else start
        placed, last = list[tuple[int, int]](), 0.0
        for (start, end), next_start in zip(spans, reversed(following), strict=True):
            begins = last if start is None else start
            ends = (begins if next_start is None else next_start) if end is None else end
            placed.append((self.ms(begins), max(self.ms(begins), self.ms(ends))))
            last = max(begins, ends)
        return placed


def time_converter_for(audio: AudioSource, *lists: Sequence[Span]) -> TimeConverter:
    """The converter for a response, determined from all of its times.

    They are seconds, like OpenAI's, if that is possible; else they are in the one unit in which the last of them is
    within the audio, and not near its beginning.

    Raises `Malformed` if they fit no unit, or more than one.
    """
    seconds = audio.duration_ms / 1000
    starts = [start for spans in lists for start, _ in spans if start is not None]
    last = max((time for spans in lists for span in spans for time in span if time is not None), default=0.0)
    least = min(starts, default=0.0)
    if least < -_SLACK_S * max(1.0, last / seconds):
        raise Malformed("its times are before the beginning of the audio")
    beyond = sum(start > seconds + _SLACK_S for start in starts)
    if last <= seconds + _WINDOW_S and 2 * beyond <= len(starts):
        return TimeConverter(audio.duration_ms)
    units = {*_PER_SECOND, _MODELS_RATE, audio.sample_rate}
    able = [unit for unit in units if seconds / _LEAST_SHARE <= last / unit <= seconds + _SLACK_S]
    if len(able) != 1:
        raise Malformed("its times are beyond the end of the audio, in no unit that is known")
    return TimeConverter(audio.duration_ms, able[0])
