"""A customer of a running stack with a key of their own, and what its table says of their money."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account import Hold
from audio_gateway.metering.account_item import account_key, holds_from
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from tests.stack.sdk.stack_keys import dynamodb_of

PATIENCE_S: Final = 30.0


@dataclass(frozen=True)
class Payer:
    """The customer. `since_ms` is when their key was made, in Unix milliseconds."""

    dynamodb: Any
    table: str
    key: str
    key_id: str
    since_ms: int

    @property
    def rows(self) -> list[LedgerRow]:
        """The customer's rows of the ledger, in order of time."""
        rows = LedgerStore(self.dynamodb, self.table).rows(self.since_ms, time.time_ns() // 1_000_000 + 1)
        return [row for row in rows if row.key_id == self.key_id]

    @property
    def holds(self) -> list[Hold]:
        """The holds of requests that run."""
        found = self.dynamodb.get_item(TableName=self.table, Key=account_key(self.key_id), ConsistentRead=True)
        return holds_from(found["Item"]) if "Item" in found else []

    def settled(self) -> list[tuple[str, bool]]:
        """Outcome of each row, and whether it was paid, once no request runs any more."""
        wait_until(lambda: not self.holds, "a request is not settled")
        return [(row.outcome, row.price_microusd > 0) for row in self.rows]


@contextmanager
def payer_of(stack: dict[str, Any]) -> Iterator[Payer]:
    """A new customer without limits."""
    with dynamodb_of(stack) as dynamodb:
        since_ms = time.time_ns() // 1_000_000
        key = Directory(dynamodb, stack["table"]).api_keys.create("a customer")
        yield Payer(dynamodb, stack["table"], key.value, key.record.id, since_ms)


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.02)
