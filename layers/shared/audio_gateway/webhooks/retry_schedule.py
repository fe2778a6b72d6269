"""When an event that was not taken is tried again: soon at first, then hourly, until a day has passed.

A queue holds a message back for 15 minutes at most. A longer pause is several stays in it, and so a message knows when
it is due, which try it is, and when the first one was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from audio_gateway.webhooks.rate_limit import LATE_MS
from audio_gateway.webhooks.webhook import WebhookEvent

PAUSES_S: Final = (0, 5, 30, 120, 600)
"""Seconds before the first tries, each counted from the end of the one before."""
LATER_PAUSE_S: Final = 3600
"""Seconds before each further one."""
GIVE_UP_S: Final = 24 * 3600
"""Seconds after the first try in which another one may begin."""

MAX_DELAY_S: Final = 900
"""The longest that SQS holds a message back."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint. Moments are unix seconds.

    `attempt` counts from 1; `first_at` is the moment of the first try, None before it; the next one is due at `due_at`.
    A try that waits for its turn has the moment in `turn_ms`, and in `host` the name of the host or of its project's
    share of it (webhooks/rate_limit.py).
    """

    project_id: str
    endpoint_id: str
    event: WebhookEvent
    attempt: int = 1
    first_at: int | None = None
    due_at: int = 0
    host: str | None = None
    turn_ms: int = 0

    def after_failure(self, now_s: int) -> Delivery | None:
        """The next try, after this one has just failed; None if it was the last."""
        first_at = now_s if self.first_at is None else self.first_at
        due_at = now_s + pause_before(self.attempt + 1)
        if due_at > first_at + GIVE_UP_S:
            return None
        return Delivery(self.project_id, self.endpoint_id, self.event, self.attempt + 1, first_at, due_at)

    def waiting(self, host: str, turn_ms: int) -> Delivery:
        """The same try at its turn."""
        return replace(self, due_at=-(-turn_ms // 1000), host=host, turn_ms=turn_ms)

    def has_turn(self, host: str, now_ms: int) -> bool:
        """Whether it has waited for its turn at this host, and has not missed it."""
        return self.host == host and now_ms <= self.turn_ms + LATE_MS

    def delay_at(self, now_s: int) -> int:
        """For how many seconds the queue is to hold it back now; 0 if it is due."""
        return max(0, min(self.due_at - now_s, MAX_DELAY_S))

    def anew(self) -> Delivery:
        """The same from the beginning."""
        return Delivery(self.project_id, self.endpoint_id, self.event)


def pause_before(attempt: int) -> int:
    """Seconds between the failure of the try before and this one; the first is number 1."""
    return PAUSES_S[attempt - 1] if attempt <= len(PAUSES_S) else LATER_PAUSE_S
