"""Derives the aggregates from the ledger: minutes from rows, hours from minutes, days from hours (ADR 0013).

Everything is computed from its source and overwritten, and no counter is incremented. So an interrupted run, or a
second one at the same time, changes no result. Every write has a number, by run and then in order, and none replaces a
write with a higher number, not even one that was sent twice and arrives late. The watermark moves when everything
before it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition
from audio_gateway.clock import now_ms
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.usage.buckets import (
    DAY,
    HOUR,
    MINUTE,
    Bucket,
    BucketWidth,
    bucket_from,
    bucket_item,
    bucket_key,
    buckets_of,
)
from audio_gateway.usage.totals import TotalsByDimensions, merged, summed, total
from audio_gateway.usage.watermark import Watermark, WatermarkState

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

# The most that one run does, so it ends well before the next one begins: a write takes some 5 ms, an hour without
# rows 4 queries. The next run does the rest.
MAX_HOURS: Final = 48
MAX_ITEMS: Final = 15_000

_T = TypeVar("_T")

_WRITES_OF_A_RUN: Final = 1_000_000_000


@dataclass(slots=True)
class RollupReport:
    """What a run did. `watermark_ms` is how far it came (Unix milliseconds), None if there is nothing to count yet.

    `recomputed` counts the hours with late rows. `superseded`: a later run began, and does the rest. `key_ids` are the
    keys whose buckets were written.
    """

    watermark_ms: int | None
    hours: int = 0
    items: int = 0
    recomputed: int = 0
    superseded: bool = False
    key_ids: set[str] = field(default_factory=set)


class _Superseded(Exception):
    """A later run has begun."""


class _Run:
    """One run's writes, numbered."""

    def __init__(self, table: Table, number: int, report: RollupReport) -> None:
        self.number = number
        self.report = report
        self._table = table
        self._stamp = number * _WRITES_OF_A_RUN

    def write(self, buckets: Iterable[Bucket]) -> None:
        """Put items; raises `_Superseded` if a later run has written one of them."""
        for bucket in buckets:
            condition = self._next()
            _conclude(self._table.put_if(bucket_item(bucket, self._stamp), condition).written)
            self.report.key_ids.add(bucket.key_id)

    def remove(self, bucket: Bucket) -> None:
        """Delete an item; raises `_Superseded` if a later run has written it."""
        key = bucket_key(bucket.width, bucket.start_ms, bucket.key_id)
        _conclude(self._table.delete_if(key, self._next()))

    def _next(self) -> Condition:
        """Number the next write; returns the condition that no write with a higher number came before."""
        self._stamp += 1
        self.report.items += 1
        return Condition("attribute_not_exists(pk) OR stamp <= :stamp", stamp=self._stamp)


class Rollup:
    """The aggregates of the gateway's table. `now_ms` is the clock."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        lateness: AllowedLateness,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._table = Table(client, table)
        self._ledger = LedgerStore(client, table)
        self._watermark = Watermark(self._table)
        self._lateness = lateness
        self._now_ms = now_ms

    def run(self) -> RollupReport:
        """Count the rows written since the last run, and recompute the hours with late rows.

        Raises:
            MeteringUnavailable: the table cannot be read or written; the next run continues from there.
        """
        return self._run(self._count_and_recompute)

    def rebuild(self, day_ms: int) -> RollupReport:
        """Recompute all aggregates of a UTC day from the ledger. Repeat it if the report says `superseded`.

        Raises:
            MeteringUnavailable: as `run`.
        """

        def recompute(run: _Run, progress: WatermarkState, watermark_ms: int) -> None:
            hours = range(day_ms, min(day_ms + DAY.ms, watermark_ms), HOUR.ms)
            if not hours:
                return
            self._recompute_day(run, day_ms, hours, watermark_ms)
            self._clear(run, progress, hours)

        return self._run(recompute)

    def _run(self, work: Callable[[_Run, WatermarkState, int], None]) -> RollupReport:
        progress = self._watermark.begin()
        report = RollupReport(progress.watermark_ms)
        if progress.watermark_ms is not None:
            try:
                work(_Run(self._table, progress.run, report), progress, progress.watermark_ms)
            except _Superseded:
                report.superseded = True
        return report

    def _count_and_recompute(self, run: _Run, progress: WatermarkState, watermark_ms: int) -> None:
        watermark_ms = self._catch_up(run, watermark_ms)
        waiting = sorted(hour_ms for hour_ms in progress.late_hours if hour_ms < watermark_ms)
        for day_ms, hours in groupby(waiting[: MAX_HOURS - run.report.hours], DAY.start):
            late = list(hours)
            self._recompute_day(run, day_ms, late, watermark_ms)
            self._clear(run, progress, late)

    # ------------------------------------------------------------ new rows
    def _catch_up(self, run: _Run, watermark_ms: int) -> int:
        closed_ms = self._lateness.closed_ms(self._now_ms())
        if watermark_ms > closed_ms:  # a clock was wrong, or holds live longer than before
            watermark_ms = self._move(run, closed_ms)
        while watermark_ms < closed_ms and run.report.hours < MAX_HOURS and run.report.items < MAX_ITEMS:
            stop_ms = min(HOUR.start(watermark_ms) + HOUR.ms, closed_ms)
            watermark_ms = self._move(run, self._count(run, watermark_ms, stop_ms))
            run.report.hours += 1
        return watermark_ms

    def _move(self, run: _Run, watermark_ms: int) -> int:
        _conclude(self._watermark.move(run.number, watermark_ms))
        run.report.watermark_ms = watermark_ms
        return watermark_ms

    def _count(self, run: _Run, start_ms: int, stop_ms: int) -> int:
        """Count the rows of a part of an hour; returns how far it came, as it stops when the run has written enough."""
        keys: set[str] = set()
        for minute_ms, rows in groupby(self._ledger.rows(start_ms, stop_ms), _minute):
            totals_by_dimensions = total(rows)
            run.write(buckets_of(MINUTE, minute_ms, minute_ms + MINUTE.ms, totals_by_dimensions))
            keys |= {dimensions.key_id for dimensions in totals_by_dimensions}
            if run.report.items >= MAX_ITEMS:
                stop_ms = minute_ms + MINUTE.ms
                break
        if keys:
            hour_ms, day_ms = HOUR.start(start_ms), DAY.start(start_ms)
            of_hour = self._sum(MINUTE, hour_ms, stop_ms, keys)
            run.write(buckets_of(HOUR, hour_ms, stop_ms, of_hour))
            of_day = merged(self._sum(HOUR, day_ms, hour_ms, keys), of_hour)
            run.write(buckets_of(DAY, day_ms, stop_ms, of_day))
        return stop_ms

    # ------------------------------------------------------------ rows that came late
    def _recompute_day(self, run: _Run, day_ms: int, hours: Iterable[int], watermark_ms: int) -> None:
        """Recompute these hours of a day, and the day, from the ledger before the watermark."""
        for hour_ms in hours:
            self._recompute_hour(run, hour_ms, min(hour_ms + HOUR.ms, watermark_ms))
        stop_ms = min(day_ms + DAY.ms, watermark_ms)
        running_ms = HOUR.start(stop_ms)
        of_day = merged(self._sum(HOUR, day_ms, running_ms), self._sum(MINUTE, running_ms, stop_ms))
        there = self._buckets(DAY, day_ms, day_ms + DAY.ms)
        _replace_buckets(run, buckets_of(DAY, day_ms, stop_ms, of_day), there)

    def _recompute_hour(self, run: _Run, hour_ms: int, stop_ms: int) -> None:
        rows = _InOrder(self._ledger.rows(hour_ms, stop_ms), _minute)
        there = _InOrder(self._buckets(MINUTE, hour_ms, stop_ms), lambda bucket: bucket.start_ms)
        of_hour: TotalsByDimensions = {}
        for minute_ms in range(hour_ms, stop_ms, MINUTE.ms):
            totals_by_dimensions = total(rows.at(minute_ms))
            _replace_buckets(
                run, buckets_of(MINUTE, minute_ms, minute_ms + MINUTE.ms, totals_by_dimensions), there.at(minute_ms)
            )
            of_hour = merged(of_hour, totals_by_dimensions)
        _replace_buckets(
            run, buckets_of(HOUR, hour_ms, stop_ms, of_hour), self._buckets(HOUR, hour_ms, hour_ms + HOUR.ms)
        )

    def _clear(self, run: _Run, progress: WatermarkState, hours: Iterable[int]) -> None:
        for hour_ms in progress.late_hours.keys() & set(hours):
            _conclude(self._watermark.clear(progress, hour_ms))
            run.report.recomputed += 1

    # ------------------------------------------------------------ reading
    def _sum(
        self, width: BucketWidth, start_ms: int, stop_ms: int, keys: Collection[str] | None = None
    ) -> TotalsByDimensions:
        """The sums of the buckets of one partition, all keys or these."""
        buckets = self._buckets(width, start_ms, stop_ms)
        return summed(
            dimensions
            for bucket in buckets
            if keys is None or bucket.key_id in keys
            for dimensions in bucket.totals_by_dimensions()
        )

    def _buckets(self, width: BucketWidth, start_ms: int, stop_ms: int) -> Iterator[Bucket]:
        """The buckets of one partition that start from `start_ms` on and before `stop_ms`, in order."""
        if start_ms < stop_ms:
            between = width.range(start_ms, width.start(stop_ms - 1))
            yield from map(bucket_from, self._table.query(width.partition(start_ms), between))


def _replace_buckets(run: _Run, wanted: Iterable[Bucket], there: Iterable[Bucket]) -> None:
    """Replace the buckets that start at one moment by the wanted ones; correct ones are left alone."""
    old = {bucket.key_id: bucket for bucket in there}
    new = {bucket.key_id: bucket for bucket in wanted}
    run.write(bucket for key_id, bucket in new.items() if not _is_right(old.get(key_id), bucket))
    for key_id in old.keys() - new.keys():
        run.remove(old[key_id])


def _is_right(there: Bucket | None, wanted: Bucket) -> bool:
    """Whether an existing bucket is correct: equal totals can be of other rows, if the bucket counts further."""
    return there is not None and there.totals == wanted.totals and there.through_ms <= wanted.through_ms


def _conclude(done: bool) -> None:
    if not done:
        raise _Superseded


class _InOrder(Generic[_T]):
    """Groups of a stream that is in order of time, to be read in that order."""

    def __init__(self, stream: Iterable[_T], start_of: Callable[[_T], int]) -> None:
        self._groups = groupby(stream, start_of)
        self._next = next(self._groups, None)

    def at(self, start_ms: int) -> list[_T]:
        """The group of this start."""
        if self._next is None or self._next[0] != start_ms:
            return []
        found = list(self._next[1])
        self._next = next(self._groups, None)
        return found


def _minute(row: LedgerRow) -> int:
    return MINUTE.start(row.at_ms)
