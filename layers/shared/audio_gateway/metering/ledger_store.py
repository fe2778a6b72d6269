"""Reads the ledger in order of time, and writes each row once."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.table import Table
from audio_gateway.metering.account import Hold
from audio_gateway.metering.ledger import SHARDS, LedgerRow, partition, row_from, row_item, row_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_HOUR_MS: Final = 3_600_000


class LedgerStore:
    """The ledger in the gateway's table. Every call raises `MeteringUnavailable` if it cannot be made."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
        """The rows of requests admitted from `start_ms` on and before `end_ms`, in order of time, read lazily.

        The read is consistent. Each hour takes four queries, and more for many rows.
        """
        for hour_ms in range(start_ms - start_ms % _HOUR_MS, end_ms, _HOUR_MS):
            # A time without the `#` that follows it in a sort key sorts before all rows of that millisecond.
            between = f"{max(start_ms, hour_ms):013d}", f"{min(end_ms, hour_ms + _HOUR_MS):013d}"
            shards = (self._table.query(partition(hour_ms, shard), between) for shard in range(SHARDS))
            yield from map(row_from, heapq.merge(*shards, key=lambda item: item["sk"]["S"]))

    def find(self, hold: Hold, at_ms: int | None = None) -> LedgerRow | None:
        """The row of a hold's request, None if it has none; `at_ms` if its stamp is not the moment of admission."""
        item = self._table.get(row_key(hold.admitted_ms if at_ms is None else at_ms, hold.work.request_id))
        return None if item is None else row_from(item)

    def put(self, row: LedgerRow) -> LedgerRow:
        """Write a row unless its request has one; returns the row that it has afterwards, which counts."""
        return row_from(self._table.put_if_absent(row_item(row)).item)
