"""The time by which a response must be ready, and the cancellation of work that has become useless."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

SETTLING_S: Final = 2.5
"""Seconds from a request's deadline to the end of the platform's time limit.

Writing a ledger row may take 1.75 s (aws/dynamodb.py); if that fails, writing a pending settlement to the bucket takes
0.73 s (metering/pending_settlements.py).
"""

BUFFERED_LIMIT_S: Final = 29
"""Seconds in which the platform expects a response that is sent in one piece (API Gateway's default)."""


class Cancellation:
    """Ends the work of a request early, in whatever thread it runs: its deadlines have passed from then on.

    `by_client` says that the reason is the caller, who has disconnected. The first reason counts.
    """

    def __init__(self) -> None:
        self.by_client = False
        self._lock = threading.Lock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether the work has been cancelled."""
        return self._cancelled

    def cancel(self, *, by_client: bool = False) -> None:
        """Cancel the work. Can be called again."""
        with self._lock:
            if not self._cancelled:
                self._cancelled, self.by_client = True, by_client
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def add(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the work is cancelled; immediately if it already is. It must not raise."""
        with self._lock:
            if not self._cancelled:
                self._callbacks.append(callback)
                return
        callback()

    def remove(self, callback: Callable[[], None]) -> None:
        """Do not call `callback` any more."""
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point on the monotonic clock, in seconds, or the moment of a cancellation if that is earlier.

    `limit_s` is the platform's limit whose end this is, in seconds, for messages.
    """

    at_s: float
    limit_s: int = BUFFERED_LIMIT_S
    cancellation: Cancellation | None = field(default=None, compare=False)

    @classmethod
    def after(cls, seconds: float, *, limit_s: int = BUFFERED_LIMIT_S) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(time.monotonic() + seconds, limit_s)

    def remaining_s(self) -> float:
        """Seconds left, never negative."""
        return 0.0 if self._is_cancelled else max(0.0, self.at_s - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self._is_cancelled or time.monotonic() >= self.at_s

    def passed_by(self, seconds: float) -> bool:
        """Whether the deadline was at least this many seconds ago."""
        return time.monotonic() >= self.at_s + seconds

    def keep(self, pieces: Iterator[bytes], late: Exception) -> Iterator[bytes]:
        """The pieces until the deadline; raises `late` after it."""
        for piece in pieces:
            if self.passed:
                raise late
            yield piece

    @property
    def _is_cancelled(self) -> bool:
        return self.cancellation is not None and self.cancellation.cancelled
