"""The time by which a response must be ready. The rest of the request's time is for settling and sending it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SETTLING_S: Final = 2.5
"""Seconds from a request's deadline to the end of the platform's time limit.

Writing a ledger row may take 1.75 s (aws/dynamodb.py); if that fails, writing a pending settlement to the bucket takes
0.73 s (metering/pending_settlements.py).
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
        """Seconds left, never negative."""
        return max(0.0, self.at_s - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.at_s

    def passed_by(self, seconds: float) -> bool:
        """Whether the deadline was at least this many seconds ago."""
        return time.monotonic() >= self.at_s + seconds

    def keep(self, pieces: Iterator[bytes], late: Exception) -> Iterator[bytes]:
        """The pieces until the deadline; raises `late` after it."""
        for piece in pieces:
            if self.passed:
                raise late
            yield piece
