"""Where what is heard stands on the recording's own timeline: sound may begin behind the picture, and have gaps."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

STRAY_S: Final = 0.2
"""What encoders put before and behind the sound, and what is lost where timestamps are rounded."""

_LEAST_START_S: Final = 0.05  # encoders shift the beginning by less
_MOST_JUMPS: Final = 10_000

Jump = tuple[int, int]
"""From so many milliseconds of sound on, the recording's time is so many milliseconds more."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The recording's times of its sound, in milliseconds; without `jumps` they are those of the sound."""

    jumps: tuple[Jump, ...] = ()

    def start_of(self, sound_ms: int) -> int:
        """The recording's time of something that begins in the sound at `sound_ms`."""
        return sound_ms + self._ahead(bisect_right(self.jumps, sound_ms, key=_at))

    def end_of(self, sound_ms: int) -> int:
        """The recording's time of something that ends there: in front of a gap, not behind it."""
        return sound_ms + self._ahead(bisect_left(self.jumps, max(sound_ms, 1), key=_at))

    def _ahead(self, count: int) -> int:
        return self.jumps[count - 1][1] if count else 0


def _at(jump: Jump) -> int:
    return jump[0]


AS_HEARD: Final = Timeline()
"""The timeline of what is nothing but sound."""


class TimelineRecorder:
    """Makes a timeline of the timestamps of a track while it is decoded.

    `zero_s` is the time at which the recording begins, None where that is with the track. A jump counts when two
    packets in a row agree, and only forwards: clocks that start anew in the middle of a file do not turn time back.
    """

    def __init__(self, zero_s: float | None) -> None:
        self.jumps: list[Jump] = []
        self._zero_s = zero_s
        self._base_s: float | None = None
        self._ahead_s = 0.0
        self._last: tuple[int, float] = (0, 0.0)

    def begin(self, frame: AudioFrame) -> None:
        """Sound begins with this frame, if it is the first one."""
        if self._base_s is None and frame.pts is not None:
            self._base_s = at_s = float(frame.pts * (frame.time_base or 0))
            self._jump(0, at_s - (at_s if self._zero_s is None else self._zero_s), _LEAST_START_S)

    def stray(self, number: int, at_s: float, heard_s: float) -> None:
        """The packet of this number is not where the sound before it ends: it has this timestamp."""
        if self._base_s is None:
            return
        drift_s = at_s - heard_s - self._base_s
        if -STRAY_S < drift_s < STRAY_S:
            return
        before, drift_before_s = self._last
        self._last = number, drift_s
        if before == number - 1 and abs(drift_s - drift_before_s) < STRAY_S:
            self._base_s += drift_s
            self._jump(round(heard_s * 1000), drift_s, STRAY_S)

    def _jump(self, at_ms: int, further_s: float, least_s: float) -> None:
        if further_s >= least_s and len(self.jumps) < _MOST_JUMPS:
            self._ahead_s += further_s
            self.jumps.append((at_ms, round(self._ahead_s * 1000)))
