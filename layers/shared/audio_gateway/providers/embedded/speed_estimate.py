"""Estimates how long this process needs to transcribe audio, to refuse what would not be done in time."""

from __future__ import annotations

from typing import Final

_REMEMBERED_S: Final = 10.0  # of audio; older measurements count less and less
_FREE_S: Final = 2.0  # of audio that counts as taking no time: one short word on a busy machine is not representative


class SpeedEstimate:
    """Seconds of work for a second of audio, estimated from the last few seconds of audio.

    The estimate is low, because a refusal adds no measurement: a process that was slow once must not refuse for ever.
    """

    def __init__(self) -> None:
        self._audio_s = _FREE_S
        self._took_s = 0.0

    def seconds_for(self, audio_s: float) -> float:
        """The probable time for so much audio; 0 before the first measurement."""
        return audio_s * self._took_s / self._audio_s

    def record(self, audio_s: float, took_s: float) -> None:
        """Add a measurement."""
        kept = _REMEMBERED_S / (_REMEMBERED_S + audio_s)
        self._audio_s = self._audio_s * kept + audio_s
        self._took_s = self._took_s * kept + took_s

    def halve(self) -> None:
        """Halve the estimate after a refusal, so the next one is tried again soon."""
        self._took_s /= 2
