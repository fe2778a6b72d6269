"""Writes ledger rows that may come behind what the roll-up has counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from audio_gateway.metering.lag import Lag
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.table import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

    from audio_gateway.metering.frontier import Frontier


class LateRows:
    """The ledger for whoever writes rows later than their stamp. `now_ms` is the clock.

    Every call raises `MeteringUnavailable` if it cannot be made.
    """

    def __init__(self, client: DynamoDBClient, table: str, lag: Lag, now_ms: Callable[[], int]) -> None:
        self._ledger = LedgerStore(client, table)
        self._table = Table(client, table)
        self._lag = lag
        self._now_ms = now_ms

    def put(self, row: LedgerRow) -> LedgerRow:
        """Write a row as `LedgerStore.put` does; its hour is marked before and after it where it comes late."""
        late = self._lag.is_late(row.at_ms, self._now_ms())
        if late:
            self._frontier.mark(row.at_ms)
        there = self._ledger.put(row)
        if late:
            self._frontier.mark(row.at_ms)
        return there

    def found(self, row: LedgerRow) -> None:
        """Mark the hour of a row that is there, if it is late: whoever wrote it may have died before they could."""
        if self._lag.is_late(row.at_ms, self._now_ms()):
            self._frontier.mark(row.at_ms)

    @cached_property
    def _frontier(self) -> Frontier:
        # With the directory and the aggregates, which functions for requests never need otherwise: few rows are late.
        from audio_gateway.metering.frontier import Frontier

        return Frontier(self._table)
