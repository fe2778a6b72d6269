"""Writes ledger rows that may be late: for a time that the roll-up has counted already."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class LateHours(Protocol):
    """The hours that the roll-up must recompute."""

    def mark(self, at_ms: int) -> None:
        """Mark the hour of a moment (Unix milliseconds); raises `MeteringUnavailable`."""
        ...


class LateRows:
    """The ledger for rows that are written later than their stamp. `now_ms` is the clock.

    Every call raises `MeteringUnavailable` if it cannot be made.
    """

    def __init__(
        self, client: DynamoDBClient, table: str, lateness: AllowedLateness, hours: LateHours, now_ms: Callable[[], int]
    ) -> None:
        self._ledger = LedgerStore(client, table)
        self._lateness = lateness
        self._hours = hours
        self._now_ms = now_ms

    def put(self, row: LedgerRow) -> LedgerRow:
        """Write a row as `LedgerStore.put` does. If it is late, its hour is marked before and after the write."""
        late = self._lateness.is_late(row.at_ms, self._now_ms())
        if late:
            self._hours.mark(row.at_ms)
        there = self._ledger.put(row)
        if late:
            self._hours.mark(row.at_ms)
        return there

    def found(self, row: LedgerRow) -> None:
        """Mark the hour of an existing row, if it is late: its writer may have died before marking the hour."""
        if self._lateness.is_late(row.at_ms, self._now_ms()):
            self._hours.mark(row.at_ms)
