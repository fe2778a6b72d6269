"""Rate limits of webhooks: so many calls within any minute, over all functions.

    pk  PACE#<kind>#<name>      sk  0      taken: moments in Unix ms; version: counts the changes; ttl

The item has the last `most` moments. A new moment is at least `period_ms` after the oldest of them, so no period of
that length has more. A caller that must wait is assigned a later moment: each waits once, in order of arrival.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, Item, attributes, item_key
from audio_gateway.errors import StorageUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

LATE_MS: Final = 10_000
"""How long after its moment a delayed call may still begin. After that it needs another moment."""

_MINUTE_MS: Final = 60_000
_KEPT_S: Final = 3600  # after the last moment, for DynamoDB to remove the item
_TRIES: Final = 12
_PAUSE_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class SlidingWindow:
    """At most `most` calls within `period_ms`, for each name of a `kind`."""

    kind: str
    most: int
    period_ms: int


OF_A_HOST: Final = SlidingWindow("HOST", 120, _MINUTE_MS + LATE_MS)
"""POSTs to one host, of all projects: 120 within a minute. The period is longer, as calls may begin `LATE_MS` late."""
OF_A_PROJECT_AT_A_HOST: Final = SlidingWindow("SHARE", 100, _MINUTE_MS + LATE_MS)
"""POSTs of one project to one host: less than the host gets, so no project alone makes others wait."""
OF_TESTS: Final = SlidingWindow("TESTS", 10, _MINUTE_MS)
"""Test calls of one project."""


class RateLimitStore:
    """The moments of the calls. Every call raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def acquire(self, window: SlidingWindow, name: str, now_ms: int) -> int:
        """Reserve this moment, or else the first free one. Returns the moment in Unix milliseconds."""
        return self._acquire(window, name, now_ms, wait=True)

    def try_acquire(self, window: SlidingWindow, name: str, now_ms: int) -> int:
        """Reserve this moment if it is free. Returns the first free moment, in Unix milliseconds."""
        return self._acquire(window, name, now_ms, wait=False)

    def _acquire(self, window: SlidingWindow, name: str, now_ms: int, *, wait: bool) -> int:
        key = _key(window, name)
        for attempt in range(_TRIES):
            item = self._table.get(key)
            taken = [] if item is None else json.loads(item["taken"]["S"])
            at_ms = free_at(taken, window, now_ms)
            if at_ms > now_ms and not wait:
                return at_ms
            if self._put(key, item, [*taken[1 - window.most :], at_ms]):
                return at_ms
            time.sleep(random.uniform(0, _PAUSE_S * 2**attempt / 4))  # noqa: S311 - apart from others, not secret
        raise StorageUnavailable("Too many webhooks are sent at the same time. Try again.")

    def _put(self, key: Item, item: Item | None, taken: list[int]) -> bool:
        version = 0 if item is None else int(item["version"]["N"])
        new = key | attributes(
            taken=json.dumps(taken, separators=(",", ":")),
            version=version + 1,
            ttl=taken[-1] // 1000 + _KEPT_S,
        )
        condition = (
            Condition("version = :version", version=version) if version else Condition("attribute_not_exists(pk)")
        )
        return self._table.put_if(new, condition).written


def free_at(taken: Sequence[int], window: SlidingWindow, now_ms: int) -> int:
    """The first free moment from now on. `taken` are the last reserved ones, in order."""
    return now_ms if len(taken) < window.most else max(now_ms, taken[-window.most] + window.period_ms)


def name_of_host(place: str) -> str:
    """The hash of a host and port: neither the table nor the messages say where events go."""
    return hashlib.sha256(place.encode()).hexdigest()[:32]


def name_of_share(project_id: str, host: str) -> str:
    """The hash of a project's share of a host. `host` is the host's hash."""
    return hashlib.sha256(f"{project_id} {host}".encode()).hexdigest()[:32]


def _key(window: SlidingWindow, name: str) -> Item:
    return item_key(f"PACE#{window.kind}#{name}", "0")
