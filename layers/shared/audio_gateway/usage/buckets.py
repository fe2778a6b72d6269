"""Aggregates: what a key used in a minute, an hour or a day, as one DynamoDB item derived from the ledger (ADR 0013).

    pk USAGE#1m#<hour>    sk <minute>#<key id>     as USAGE#1m#2026-11-21T10 / 05#key_…
    pk USAGE#1h#<day>     sk <hour>#<key id>
    pk USAGE#1d#<month>   sk <day>#<key id>
    project_id, cells                              endpoint, model, requests, amount, price, cost: a short text
    through                                        rows of the key before this moment (Unix milliseconds) are counted
    stamp                                          the number of the write: later writes have higher numbers

An item is always overwritten as a whole. Nothing is ever added to a value in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from audio_gateway.usage.totals import Dimensions, Totals, TotalsByDimensions


@dataclass(frozen=True, slots=True)
class BucketWidth:
    """The length of a bucket, and how its start is written: the two formats, joined by `separator`, are an ISO time."""

    name: str
    ms: int
    partition_format: str
    sort_key_format: str
    separator: str

    def start(self, at_ms: int) -> int:
        """The start of the bucket that contains a moment."""
        return at_ms - at_ms % self.ms

    def partition(self, start_ms: int) -> str:
        """The partition key of the bucket that starts then."""
        return f"USAGE#{self.name}#{_formatted(start_ms, self.partition_format)}"

    def sort_key(self, start_ms: int, key_id: str) -> str:
        """The sort key of a key's bucket that starts then."""
        return f"{_formatted(start_ms, self.sort_key_format)}#{key_id}"

    def range(self, first_ms: int, last_ms: int) -> tuple[str, str]:
        """The lowest and highest sort key of the buckets that start from the first to the last moment."""
        return self.sort_key(first_ms, ""), f"{_formatted(last_ms, self.sort_key_format)}$"  # `$` follows `#`


MINUTE: Final = BucketWidth("1m", 60_000, "%Y-%m-%dT%H", "%M", ":")
HOUR: Final = BucketWidth("1h", 3_600_000, "%Y-%m-%d", "%H", "T")
DAY: Final = BucketWidth("1d", 86_400_000, "%Y-%m", "%d", "-")

_WIDTHS: Final = {width.name: width for width in (MINUTE, HOUR, DAY)}


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a key used from `start_ms` on for the length of `width`. Rows before `through_ms` are counted."""

    width: BucketWidth
    start_ms: int
    key_id: str
    project_id: str
    through_ms: int
    totals: Mapping[tuple[str, str], Totals]
    """By endpoint and model."""

    def totals_by_dimensions(self) -> Iterator[tuple[Dimensions, Totals]]:
        """The totals with all of their dimensions."""
        for (endpoint, model), totals in self.totals.items():
            yield Dimensions(self.key_id, self.project_id, endpoint, model), totals


def buckets_of(
    width: BucketWidth, start_ms: int, through_ms: int, totals_by_dimensions: TotalsByDimensions
) -> Iterator[Bucket]:
    """The buckets that hold these sums: one for each key."""
    by_key: dict[tuple[str, str], dict[tuple[str, str], Totals]] = {}
    for dimensions, totals in totals_by_dimensions.items():
        of_key = by_key.setdefault((dimensions.key_id, dimensions.project_id), {})
        of_key[dimensions.endpoint, dimensions.model] = totals
    for (key_id, project_id), of_key in by_key.items():
        yield Bucket(width, start_ms, key_id, project_id, through_ms, of_key)


def bucket_key(width: BucketWidth, start_ms: int, key_id: str) -> dict[str, Any]:
    """The primary key of a key's bucket."""
    return {"pk": {"S": width.partition(start_ms)}, "sk": {"S": width.sort_key(start_ms, key_id)}}


def bucket_item(bucket: Bucket, stamp: int) -> dict[str, Any]:
    """The bucket as DynamoDB stores it."""
    cells = [
        [endpoint, model, totals.requests, totals.amount, totals.price_microusd, totals.cost_microusd]
        for (endpoint, model), totals in sorted(bucket.totals.items())
    ]
    return bucket_key(bucket.width, bucket.start_ms, bucket.key_id) | {
        "project_id": {"S": bucket.project_id},
        "cells": {"S": json.dumps(cells, separators=(",", ":"), ensure_ascii=False)},
        "through": {"N": str(bucket.through_ms)},
        "stamp": {"N": str(stamp)},
    }


def bucket_from(item: dict[str, Any]) -> Bucket:
    """The bucket that an item holds."""
    _, name, partition_time = item["pk"]["S"].split("#")
    sort_key_time, _, key_id = item["sk"]["S"].partition("#")
    width = _WIDTHS[name]
    start = datetime.fromisoformat(f"{partition_time}{width.separator}{sort_key_time}").replace(tzinfo=UTC)
    return Bucket(
        width=width,
        start_ms=int(start.timestamp()) * 1000,
        key_id=key_id,
        project_id=item["project_id"]["S"],
        through_ms=int(item["through"]["N"]),
        totals={(endpoint, model): Totals(*sums) for endpoint, model, *sums in json.loads(item["cells"]["S"])},
    )


def _formatted(at_ms: int, time_format: str) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime(time_format)
