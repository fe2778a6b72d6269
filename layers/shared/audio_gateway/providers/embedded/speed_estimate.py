"""How fast this process listens: what says whether another stretch of audio will be done in time."""

from __future__ import annotations

from typing import Final

_REMEMBERED_S: Final = 10.0  # of audio; what was heard long ago counts less and less
_FREE_S: Final = 2.0  # of audio that is taken to need no time: one short word on a busy machine says little


class SpeedEstimate:
    """Seconds that a second of audio takes, going by the last few seconds of it.

    It is guessed low, since a refusal teaches nothing: a process that was slow once must not refuse for ever.
    """

    def __init__(self) -> None:
        self._heard_s = _FREE_S
        self._took_s = 0.0

    def seconds_for(self, audio_s: float) -> float:
        """How long so much audio will probably take; 0 before anything was heard."""
        return audio_s * self._took_s / self._heard_s

    def learn(self, audio_s: float, took_s: float) -> None:
        """So much audio took so long."""
        kept = _REMEMBERED_S / (_REMEMBERED_S + audio_s)
        self._heard_s = self._heard_s * kept + audio_s
        self._took_s = self._took_s * kept + took_s

    def doubt(self) -> None:
        """Something was refused for its length: expect half as much next time, so that it is tried again soon."""
        self._took_s /= 2
