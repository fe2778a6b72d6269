"""What was used and what it costs, over any periods of time: the sum of the ledger, exact at every moment.

Closed periods are read from the aggregates, the rest from the ledger itself: rows behind the watermark of the roll-up,
parts of a minute, and hours with late rows.

Reports are exact even while a roll-up runs. The watermark is read first, so everything before it is written. The items
of the day or hour that contains the watermark say up to when they count, and a key's rows are read from there on; a key
without an item had no row before the watermark.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final, Protocol

from audio_gateway.aws.table import Table
from audio_gateway.clock import now_ms
from audio_gateway.metering.lateness import AHEAD_MS
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.usage.buckets import DAY, HOUR, MINUTE, Bucket, BucketWidth, bucket_from, bucket_key
from audio_gateway.usage.totals import Dimensions, Totals, TotalsByDimensions, add, counted, dimensions_of, totals_of
from audio_gateway.usage.watermark import Watermark

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

__all__ = ["Dimensions", "DynamoUsageReports", "Totals", "UsageReports"]

# For more keys or items than this, all keys of a period are read and the others are left out: an item of a query costs
# a twentieth of one that is read by its key, and a hundred calls for those take a second.
_MAX_EXACT_KEYS: Final = 100
_MAX_EXACT_ITEMS: Final = 100 * 100


class UsageReports(Protocol):
    """The sums of the ledger."""

    def series(self, edges_ms: Sequence[int], key_ids: Sequence[str] | None = None) -> list[TotalsByDimensions]:
        """The totals between each two neighbouring edges, by dimensions, without abandoned requests.

        `edges_ms` are Unix milliseconds in order of time; an edge belongs to the period that it begins. `key_ids` are
        the only keys that count, None for all.

        Raises:
            MeteringUnavailable: the totals cannot be read now.
        """
        ...


@dataclass(frozen=True, slots=True, order=True)
class _Period:
    """A period of the ledger. `open`: it is behind the watermark, and items of the running day or hour may count it."""

    start_ms: int
    stop_ms: int
    open: bool


@dataclass(slots=True)
class _ReportPlan:
    """What to read: buckets, each with the index of the period that it counts for, and periods of the ledger."""

    buckets: dict[tuple[BucketWidth, int], int] = field(default_factory=dict)
    ledger: list[_Period] = field(default_factory=list)


class _Ahead(Exception):
    """An item counts rows behind the end of the requested period."""


class DynamoUsageReports:
    """Reports from the gateway's table. `now_ms` is the clock."""

    def __init__(self, client: DynamoDBClient, table: str, now_ms: Callable[[], int] = now_ms) -> None:
        self._table = Table(client, table)
        self._ledger = LedgerStore(client, table)
        self._watermark = Watermark(self._table)
        self._now_ms = now_ms

    def series(self, edges_ms: Sequence[int], key_ids: Sequence[str] | None = None) -> list[TotalsByDimensions]:
        """See `UsageReports.series`."""
        progress = self._watermark.read()
        watermark_ms = progress.watermark_ms or 0
        horizon_ms = self._now_ms() + AHEAD_MS
        keys = None if key_ids is None else frozenset(key_ids)
        for running in (True, False):
            planner = _Planner(watermark_ms, horizon_ms, frozenset(progress.late_hours), running=running)
            plan = planner.plan(edges_ms)
            try:
                return self._add_up(edges_ms, plan, watermark_ms, keys)
            except _Ahead:
                continue
        raise AssertionError("closed buckets do not count rows behind their end")

    def _add_up(
        self, edges_ms: Sequence[int], plan: _ReportPlan, watermark_ms: int, keys: frozenset[str] | None
    ) -> list[TotalsByDimensions]:
        found: list[TotalsByDimensions] = [{} for _ in pairwise(edges_ms)]
        counted_to: dict[str, int] = {}
        for bucket in self._buckets(plan, keys):
            at = plan.buckets[bucket.width, bucket.start_ms]
            if bucket.start_ms + bucket.width.ms > watermark_ms:  # it is running
                if bucket.through_ms > edges_ms[at + 1]:
                    raise _Ahead
                counted_to[bucket.key_id] = bucket.through_ms
            for dimensions, totals in bucket.totals_by_dimensions():
                add(found[at], dimensions, totals)
        for period in plan.ledger:
            for row in self._ledger.rows(period.start_ms, period.stop_ms):
                if not counted(row) or (keys is not None and row.key_id not in keys):
                    continue
                if not period.open or row.at_ms >= counted_to.get(row.key_id, 0):
                    add(found[bisect_right(edges_ms, row.at_ms) - 1], dimensions_of(row), totals_of(row))
        return found

    def _buckets(self, plan: _ReportPlan, keys: frozenset[str] | None) -> Iterator[Bucket]:
        if keys is not None and len(keys) <= _MAX_EXACT_KEYS and len(keys) * len(plan.buckets) <= _MAX_EXACT_ITEMS:
            wanted = (bucket_key(width, start_ms, key_id) for width, start_ms in plan.buckets for key_id in keys)
            yield from map(bucket_from, self._table.get_many(wanted))
            return
        for (width, partition), starts in groupby(plan.buckets, lambda at: (at[0], at[0].partition(at[1]))):
            places = [start_ms for _, start_ms in starts]
            for bucket in map(bucket_from, self._table.query(partition, width.range(places[0], places[-1]))):
                if (width, bucket.start_ms) in plan.buckets and (keys is None or bucket.key_id in keys):
                    yield bucket


class _Planner:
    """Divides periods of time into the longest closed buckets, and periods of the ledger.

    `running`: the day or hour that contains the watermark may be used, too, if everything that it counts is requested.
    """

    def __init__(self, watermark_ms: int, horizon_ms: int, late_hours: frozenset[int], *, running: bool) -> None:
        self._watermark_ms = watermark_ms
        self._horizon_ms = horizon_ms
        self._late_hours = late_hours
        self._running = running

    def plan(self, edges_ms: Sequence[int]) -> _ReportPlan:
        """The plan for all periods between these edges."""
        plan = _ReportPlan()
        for at, (start_ms, stop_ms) in enumerate(pairwise(edges_ms)):
            self._closed(plan, at, start_ms, stop_ms)
            open_ms = max(start_ms, self._watermark_ms)
            if open_ms < min(stop_ms, self._horizon_ms):
                plan.ledger.append(_Period(open_ms, min(stop_ms, self._horizon_ms), open=True))
        plan.ledger = list(_joined(sorted(plan.ledger)))
        return plan

    def _closed(self, plan: _ReportPlan, at: int, start_ms: int, stop_ms: int) -> None:
        """Plan the part of one period before the watermark."""
        closed_ms = min(stop_ms, self._watermark_ms)
        while start_ms < closed_ms:
            width = self._widest(start_ms, stop_ms)
            if width is None:
                part_ms = min(MINUTE.start(start_ms) + MINUTE.ms, closed_ms)
                plan.ledger.append(_Period(start_ms, part_ms, open=False))
                start_ms = part_ms
            else:
                plan.buckets[width, start_ms] = at
                start_ms += width.ms

    def _widest(self, start_ms: int, stop_ms: int) -> BucketWidth | None:
        """The longest bucket that begins at this moment and can be used, if there is one."""
        for width in (DAY, HOUR, MINUTE):
            end_ms = start_ms + width.ms
            # A running one is usable if the period covers everything that it counts, which only reading it shows.
            is_closed = end_ms <= min(stop_ms, self._watermark_ms)
            is_running = self._running and end_ms > self._watermark_ms and stop_ms >= self._watermark_ms
            if (
                width.start(start_ms) == start_ms
                and (is_closed or is_running)
                and self._has_no_late_rows(start_ms, end_ms)
            ):
                return width
        return None

    def _has_no_late_rows(self, start_ms: int, end_ms: int) -> bool:
        """Whether these hours have no late rows."""
        return not any(hour_ms < end_ms and start_ms < hour_ms + HOUR.ms for hour_ms in self._late_hours)


def _joined(periods: list[_Period]) -> Iterator[_Period]:
    """Join adjacent periods, so no hour is read twice."""
    running: _Period | None = None
    for period in periods:
        if running is not None and running.open == period.open and running.stop_ms == period.start_ms:
            running = _Period(running.start_ms, period.stop_ms, period.open)
        else:
            if running is not None:
                yield running
            running = period
    if running is not None:
        yield running
