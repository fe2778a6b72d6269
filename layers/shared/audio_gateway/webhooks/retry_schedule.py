"""When an event that was not accepted is sent again: soon at first, then hourly, until a day has passed.

SQS delays a message by 15 minutes at most. For a longer pause the message is queued several times, so it says when it
is due, which attempt it is, and when the first attempt was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from audio_gateway.webhooks.rate_limit import LATE_MS
from audio_gateway.webhooks.webhook import WebhookEvent

PAUSES_S: Final = (0, 5, 30, 120, 600)
"""Seconds before the first attempts, each counted from the end of the attempt before."""
LATER_PAUSE_S: Final = 3600
"""Seconds before each further attempt."""
GIVE_UP_S: Final = 24 * 3600
"""Seconds after the first attempt within which another one may begin."""

MAX_DELAY_S: Final = 900
"""The longest delay of a message in SQS."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that is to be sent to an endpoint. Times are Unix seconds.

    `attempt` counts from 1. `first_at` is the time of the first attempt, None before it. The next attempt is due at
    `due_at`. An attempt that waits for its turn has the time of the turn in `turn_ms`, and in `host` the name of the
    host or of its project's share of the host (webhooks/rate_limit.py).
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
        """The next attempt, after this one has failed at `now_s`; None if it was the last."""
        first_at = now_s if self.first_at is None else self.first_at
        due_at = now_s + pause_before(self.attempt + 1)
        if due_at > first_at + GIVE_UP_S:
            return None
        return Delivery(self.project_id, self.endpoint_id, self.event, self.attempt + 1, first_at, due_at)

    def waiting(self, host: str, turn_ms: int) -> Delivery:
        """The same attempt at its turn."""
        return replace(self, due_at=-(-turn_ms // 1000), host=host, turn_ms=turn_ms)

    def has_turn(self, host: str, now_ms: int) -> bool:
        """Whether it has waited for its turn at this host and has not missed it."""
        return self.host == host and now_ms <= self.turn_ms + LATE_MS

    def delay_at(self, now_s: int) -> int:
        """By how many seconds the queue delays it now; 0 if it is due."""
        return max(0, min(self.due_at - now_s, MAX_DELAY_S))

    def from_first_attempt(self) -> Delivery:
        """The same delivery from its first attempt."""
        return Delivery(self.project_id, self.endpoint_id, self.event)


def pause_before(attempt: int) -> int:
    """Seconds between the failure of the attempt before and this one; the first is number 1."""
    return PAUSES_S[attempt - 1] if attempt <= len(PAUSES_S) else LATER_PAUSE_S
