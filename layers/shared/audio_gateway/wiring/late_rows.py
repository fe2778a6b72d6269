"""Ledger rows of jobs and of the sweeper, which may be late for the roll-up, on AWS."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from audio_gateway.clock import now_ms
from audio_gateway.metering.late_rows import LateRows
from audio_gateway.metering.lateness import AllowedLateness

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

    from audio_gateway.usage.watermark import Watermark


def late_rows_on_aws(client: DynamoDBClient, table: str, lateness: AllowedLateness) -> LateRows:
    """Late rows in the table, marked for the roll-up there."""
    return LateRows(client, table, lateness, _Hours(client, table), now_ms)


class _Hours:
    """The watermark, imported with the aggregates when the first row is late: few are."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._name = table

    def mark(self, at_ms: int) -> None:
        self._watermark.mark(at_ms)

    @cached_property
    def _watermark(self) -> Watermark:
        from audio_gateway.aws.table import Table
        from audio_gateway.usage.watermark import Watermark

        return Watermark(Table(self._client, self._name))
