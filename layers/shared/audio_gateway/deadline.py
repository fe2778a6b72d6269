"""The moment by which an answer must be ready: what is left behind it is for its money, and for its way out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SETTLING_S: Final = 2.5
"""From a request's deadline to the moment at which the platform cuts its answer off.

A row that is not written within 1.75 s (aws/dynamodb.py) leaves its evidence in the bucket, which takes 0.73 s
(metering/pending_settlements.py).
"""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point on the monotonic clock, in seconds."""

    at_s: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining_s(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at_s - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether nothing is left."""
        return time.monotonic() >= self.at_s

    def passed_by(self, seconds: float) -> bool:
        """Whether so many seconds more have gone by."""
        return time.monotonic() >= self.at_s + seconds

    def keep(self, pieces: Iterator[bytes], late: Exception) -> Iterator[bytes]:
        """The pieces, as long as there is time for another one; then `late` is raised."""
        for piece in pieces:
            if self.passed:
                raise late
            yield piece
