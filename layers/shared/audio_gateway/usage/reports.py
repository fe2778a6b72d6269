"""What was used and what it costs, over any stretches of time: the sum of the ledger, exact at every moment.

What is closed is read from the aggregates, the rest from the ledger itself: rows behind the frontier of the roll-up,
parts of a minute, and hours that rows have come late to.

It is exact also while a roll-up works. The frontier is read first, so that everything before it is written. The items
of the day or the hour that the frontier lies in say up to when they count, and a key's rows are read from there on; a
key without an item had no row before the frontier.
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
from audio_gateway.usage.buckets import DAY, HOUR, MINUTE, Bucket, LedgerBucketWidth, bucket_from, bucket_key
from audio_gateway.usage.totals import Dimensions, Totals, TotalsByDimensions, add, counted, dimensions_of, totals_of
from audio_gateway.usage.watermark import Watermark

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

__all__ = ["Dimensions", "DynamoUsageReports", "Totals", "UsageReports"]

# Where more keys or more items are asked for, all keys of a period are read and the others left out: an item of a query
# costs a twentieth of one that is asked for by its key, and a hundred calls for those take a second.
_MAX_EXACT_KEYS: Final = 100
_MAX_EXACT_ITEMS: Final = 100 * 100


class UsageReports(Protocol):
    """The sums of the ledger."""

    def series(self, edges_ms: Sequence[int], key_ids: Sequence[str] | None = None) -> list[TotalsByDimensions]:
        """The use between each two neighbouring edges, by cell; requests that nobody answered are not in it.

        `edges_ms` are unix milliseconds in order of time, each edge in the stretch that it begins; `key_ids` are the
        only keys that count, None for all.

        Raises:
            MeteringUnavailable: they cannot be read now.
        """
        ...


@dataclass(frozen=True, slots=True, order=True)
class _Stretch:
    """Of the ledger. `open`: it is behind the frontier, and may be in items of the running day or hour already."""

    start_ms: int
    stop_ms: int
    open: bool


@dataclass(slots=True)
class _ReportPlan:
    """What has to be read: buckets, each with the number of the stretch that it counts for, and parts of the ledger."""

    buckets: dict[tuple[LedgerBucketWidth, int], int] = field(default_factory=dict)
    ledger: list[_Stretch] = field(default_factory=list)


class _Ahead(Exception):
    """An item counts rows that lie beyond what was asked for."""


class DynamoUsageReports:
    """The books in the gateway's table. `now_ms` is the clock."""

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
            planner = _Planner(watermark_ms, horizon_ms, frozenset(progress.dirty), running=running)
            plan = planner.plan(edges_ms)
            try:
                return self._add_up(edges_ms, plan, watermark_ms, keys)
            except _Ahead:
                continue
        raise AssertionError("closed buckets do not count rows beyond their end")

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
        for stretch in plan.ledger:
            for row in self._ledger.rows(stretch.start_ms, stretch.stop_ms):
                if not counted(row) or (keys is not None and row.key_id not in keys):
                    continue
                if not stretch.open or row.at_ms >= counted_to.get(row.key_id, 0):
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
    """Takes stretches of time apart into the longest buckets that are closed, and parts of the ledger.

    `running`: the day or hour that the frontier lies in may be used, too, where all that it counts was asked for.
    """

    def __init__(self, watermark_ms: int, horizon_ms: int, dirty: frozenset[int], *, running: bool) -> None:
        self._watermark_ms = watermark_ms
        self._horizon_ms = horizon_ms
        self._dirty = dirty
        self._running = running

    def plan(self, edges_ms: Sequence[int]) -> _ReportPlan:
        """The plan for all stretches between these edges."""
        plan = _ReportPlan()
        for at, (start_ms, stop_ms) in enumerate(pairwise(edges_ms)):
            self._closed(plan, at, start_ms, stop_ms)
            open_ms = max(start_ms, self._watermark_ms)
            if open_ms < min(stop_ms, self._horizon_ms):
                plan.ledger.append(_Stretch(open_ms, min(stop_ms, self._horizon_ms), open=True))
        plan.ledger = list(_joined(sorted(plan.ledger)))
        return plan

    def _closed(self, plan: _ReportPlan, at: int, start_ms: int, stop_ms: int) -> None:
        """The part of one stretch that lies before the frontier."""
        closed_ms = min(stop_ms, self._watermark_ms)
        while start_ms < closed_ms:
            width = self._widest(start_ms, stop_ms)
            if width is None:
                part_ms = min(MINUTE.start(start_ms) + MINUTE.ms, closed_ms)
                plan.ledger.append(_Stretch(start_ms, part_ms, open=False))
                start_ms = part_ms
            else:
                plan.buckets[width, start_ms] = at
                start_ms += width.ms

    def _widest(self, start_ms: int, stop_ms: int) -> LedgerBucketWidth | None:
        """The longest bucket from this moment on that can be used, if there is one."""
        for width in (DAY, HOUR, MINUTE):
            end_ms = start_ms + width.ms
            # A running one must be wanted as far as it may have been counted, which is seen when it is read.
            is_closed = end_ms <= min(stop_ms, self._watermark_ms)
            is_running = self._running and end_ms > self._watermark_ms and stop_ms >= self._watermark_ms
            if width.start(start_ms) == start_ms and (is_closed or is_running) and self._is_clean(start_ms, end_ms):
                return width
        return None

    def _is_clean(self, start_ms: int, end_ms: int) -> bool:
        """Whether no row has come late to these hours."""
        return not any(hour_ms < end_ms and start_ms < hour_ms + HOUR.ms for hour_ms in self._dirty)


def _joined(stretches: list[_Stretch]) -> Iterator[_Stretch]:
    """Stretches that follow each other as one, so that no hour is asked for twice."""
    running: _Stretch | None = None
    for stretch in stretches:
        if running is not None and running.open == stretch.open and running.stop_ms == stretch.start_ms:
            running = _Stretch(running.start_ms, stretch.stop_ms, stretch.open)
        else:
            if running is not None:
                yield running
            running = stretch
    if running is not None:
        yield running
