"""An upstream's times as milliseconds of the audio, whatever unit it counts in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from audio_gateway.audio.source import AudioSource
from audio_gateway.providers.openai.fields import Malformed

_WINDOW_S: Final = 30.0
"""Whisper listens to windows of this length, the last one filled up with silence, and may place words in there."""
_SLACK_S: Final = 0.5
_LEAST_SHARE: Final = 5  # of the audio, up to whose end somebody speaks if a unit is to be evident: less than 10
_PER_SECOND: Final = (100, 1_000, 1_000_000, 10_000_000, 1_000_000_000)
"""Hundredths (whisper.cpp), milliseconds, microseconds, ticks of .NET, nanoseconds (Go)."""
_MODELS_RATE: Final = 16_000  # of the samples that Whisper and its like hear

Span = tuple[float | None, float | None]
"""Start and end as they were said; None for a time that was not."""


@dataclass(frozen=True, slots=True)
class TimeConverter:
    """Turns an upstream's times into milliseconds of the audio. `per_second` is how many of its units are a second."""

    duration_ms: int
    per_second: int = 1

    def ms(self, time: float) -> int:
        """Rounded half up, within the audio."""
        within = min(max(time / self.per_second, 0.0), self.duration_ms / 1000)
        return int((Decimal(repr(within)) * 1000).quantize(Decimal(1), ROUND_HALF_UP))

    def spans(self, said: Sequence[Span]) -> list[tuple[int, int]]:
        """Start and end of each; nothing ends before it starts.

        What was not said lies between its neighbours: some servers place no word that is written in digits.
        """
        following, follows = list[float | None](), None
        for start, _ in reversed(said):
            following.append(follows)
            follows = follows if start is None else start
        placed, last = list[tuple[int, int]](), 0.0
        for (start, end), next_start in zip(said, reversed(following), strict=True):
            begins = last if start is None else start
            ends = (begins if next_start is None else next_start) if end is None else end
            placed.append((self.ms(begins), max(self.ms(begins), self.ms(ends))))
            last = max(begins, ends)
        return placed


def clock_for(audio: AudioSource, *said: Sequence[Span]) -> TimeConverter:
    """The clock of an answer, by all of its times.

    They are seconds, as OpenAI's, unless those cannot be: then the one unit in which the last of them is within the
    audio, and not near its beginning.

    Raises:
        Malformed: they are in no unit, or could be in more than one.
    """
    seconds = audio.duration_ms / 1000
    starts = [start for spans in said for start, _ in spans if start is not None]
    last = max((time for spans in said for span in spans for time in span if time is not None), default=0.0)
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
