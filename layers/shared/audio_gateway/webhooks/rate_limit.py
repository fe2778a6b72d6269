"""How often an address may be called: so many times within any minute, over all functions.

    pk  PACE#<kind>#<name>      sk  0      taken: moments in unix ms; version: counts the changes; ttl

The last `most` moments are kept. A new one is `period_ms` behind the oldest of them at least, so that no stretch of
that length holds more of them. Whoever must wait is given a later moment, which is his: each
waits once, in the order in which they came.
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
"""For so long after its moment a call that waited for it may begin; later it needs another moment."""

_MINUTE_MS: Final = 60_000
_KEPT_S: Final = 3600  # after the last moment, for DynamoDB to remove the item
_TRIES: Final = 12
_PAUSE_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class SlidingWindow:
    """At most `most` in a stretch of `period_ms`, of each name of a `kind`."""

    kind: str
    most: int
    period_ms: int


OF_A_HOST: Final = SlidingWindow("HOST", 120, _MINUTE_MS + LATE_MS)
"""POSTs to one host, of all projects: 120 within a minute. The period is longer, as calls may begin `LATE_MS` late."""
OF_A_PROJECT_AT_A_HOST: Final = SlidingWindow("SHARE", 100, _MINUTE_MS + LATE_MS)
"""POSTs of one project to one host: less than the host gets, so that no project alone keeps others waiting there."""
OF_TESTS: Final = SlidingWindow("TESTS", 10, _MINUTE_MS)
"""Test calls of one project."""


class RateLimitStore:
    """The moments that are taken. Every call raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def take(self, pace: SlidingWindow, name: str, now_ms: int) -> int:
        """Take this moment, or a later one, which is then the caller's; the moment in unix milliseconds."""
        return self._taken(pace, name, now_ms, wait=True)

    def take_now(self, pace: SlidingWindow, name: str, now_ms: int) -> int:
        """Take this moment if it is free, and nothing otherwise; the first one that is, in unix milliseconds."""
        return self._taken(pace, name, now_ms, wait=False)

    def _taken(self, pace: SlidingWindow, name: str, now_ms: int, *, wait: bool) -> int:
        key = _key(pace, name)
        for attempt in range(_TRIES):
            item = self._table.get(key)
            taken = [] if item is None else json.loads(item["taken"]["S"])
            at_ms = free_at(taken, pace, now_ms)
            if at_ms > now_ms and not wait:
                return at_ms
            if self._put(key, item, [*taken[1 - pace.most :], at_ms]):
                return at_ms
            time.sleep(random.uniform(0, _PAUSE_S * 2**attempt / 4))  # noqa: S311 - apart from others, not secret
        raise StorageUnavailable("Too many ask for a moment at once. Try again.")

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


def free_at(taken: Sequence[int], pace: SlidingWindow, now_ms: int) -> int:
    """The first moment from now on that is free, when the last ones that were taken are these, in order."""
    return now_ms if len(taken) < pace.most else max(now_ms, taken[-pace.most] + pace.period_ms)


def name_of_host(place: str) -> str:
    """What stands for a host and port in the table and in messages, neither of which says where events go."""
    return hashlib.sha256(place.encode()).hexdigest()[:32]


def name_of_share(project_id: str, host: str) -> str:
    """What stands for a project's share of a host, by the name of the host."""
    return hashlib.sha256(f"{project_id} {host}".encode()).hexdigest()[:32]


def _key(pace: SlidingWindow, name: str) -> Item:
    return item_key(f"PACE#{pace.kind}#{name}", "0")
