"""Maps sound to the recording's own times: sound may begin later than the picture, and have gaps."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

STRAY_S: Final = 0.2
"""The padding of encoders before and after the sound, and the error of rounded timestamps."""

_LEAST_START_S: Final = 0.05  # encoders shift the beginning by less
_MOST_JUMPS: Final = 10_000

Jump = tuple[int, int]
"""A position in the sound in milliseconds, and how many milliseconds later the recording's time is from there on."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Maps times of the sound to times of the recording, in milliseconds; without `jumps` they are equal."""

    jumps: tuple[Jump, ...] = ()

    def start_of(self, sound_ms: int) -> int:
        """The recording's time of a beginning at `sound_ms` of the sound."""
        return sound_ms + self._ahead(bisect_right(self.jumps, sound_ms, key=_at))

    def end_of(self, sound_ms: int) -> int:
        """The recording's time of an end at `sound_ms` of the sound: before a gap, not after it."""
        return sound_ms + self._ahead(bisect_left(self.jumps, max(sound_ms, 1), key=_at))

    def _ahead(self, count: int) -> int:
        return self.jumps[count - 1][1] if count else 0


def _at(jump: Jump) -> int:
    return jump[0]


AS_HEARD: Final = Timeline()
"""The timeline of a recording without jumps."""


class TimelineRecorder:
    """Builds the timeline of a track from its timestamps while it is decoded.

    `zero_s` is the time at which the recording begins; None if it begins with the track. A jump counts if two
    consecutive packets agree, and only forwards: a clock that restarts within a file does not move time backwards.
    """

    def __init__(self, zero_s: float | None) -> None:
        self.jumps: list[Jump] = []
        self._zero_s = zero_s
        self._base_s: float | None = None
        self._ahead_s = 0.0
        self._last: tuple[int, float] = (0, 0.0)

    def begin(self, frame: AudioFrame) -> None:
        """Record the beginning of the sound, if this is its first frame."""
        if self._base_s is None and frame.pts is not None:
            self._base_s = at_s = float(frame.pts * (frame.time_base or 0))
            self._jump(0, at_s - (at_s if self._zero_s is None else self._zero_s), _LEAST_START_S)

    def stray(self, number: int, at_s: float, heard_s: float) -> None:
        """Record the timestamp of a packet that does not follow the sound before it."""
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
