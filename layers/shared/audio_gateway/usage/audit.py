"""Checks the derived data against the ledger: every aggregate, and what each account says is spent and held.

It may run while the gateway works: if something changes in the meantime, it checks again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Item
from audio_gateway.clock import now_ms
from audio_gateway.metering.account import HeldJobs, Hold, month_of
from audio_gateway.metering.account_item import account_key, given_back_from, holds_from
from audio_gateway.metering.lateness import AHEAD_MS
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.usage.buckets import DAY, HOUR, MINUTE, Bucket, BucketWidth, bucket_from
from audio_gateway.usage.totals import Dimensions, Totals, TotalsByDimensions, merged, summed, total
from audio_gateway.usage.watermark import Watermark

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """Two values of `subject` that must be equal and are not; `aggregated` is the derived one."""

    subject: str
    aggregated: str
    ledger: str


@dataclass(slots=True)
class AuditReport:
    """What was checked, and what is wrong.

    Two things could not be checked: `waiting` counts the hours that the roll-up has yet to recompute, and `busy` lists
    the keys that were in use all the time.
    """

    rows: int = 0
    hours: int = 0
    accounts: int = 0
    waiting: int = 0
    busy: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


class Audit:
    """An audit of the gateway's table. `now_ms` is the clock."""

    def __init__(self, client: DynamoDBClient, table: str, jobs: HeldJobs, now_ms: Callable[[], int] = now_ms) -> None:
        self._table = Table(client, table)
        self._jobs = jobs
        self._ledger = LedgerStore(client, table)
        self._watermark = Watermark(self._table)
        self._now_ms = now_ms

    def days(self) -> range:
        """The midnights (Unix milliseconds) of all days that have aggregates."""
        beginning_ms, watermark_ms = self._watermark.beginning_ms(), self._watermark.read().watermark_ms
        if beginning_ms is None or watermark_ms is None:
            return range(0)
        return range(beginning_ms, watermark_ms, DAY.ms)

    def run(self, key_ids: Iterable[str]) -> AuditReport:
        """Check all days, and the accounts of these keys.

        Raises:
            MeteringUnavailable: the table cannot be read.
        """
        report = AuditReport()
        days = self.days()
        spent: Counter[tuple[str, str]] = Counter()
        for day_ms in days:
            spent += self._check_day(day_ms, days.stop, report)
        self._check_accounts(set(key_ids), spent, days.stop, report)
        return report

    # ------------------------------------------------------------ aggregates
    def _check_day(self, day_ms: int, watermark_ms: int, report: AuditReport) -> Counter[tuple[str, str]]:
        """Check a day until it is right or stays wrong; returns what each key spent on it, by month."""
        for _ in range(_TRIES):
            day = _Day(self._table, self._ledger, frozenset(self._watermark.read().late_hours), day_ms, watermark_ms)
            day.check()
            if not day.differences:
                break
        report.rows += day.rows
        report.hours += day.hours
        report.waiting += day.waiting
        report.differences += day.differences
        return day.spent

    # ------------------------------------------------------------ accounts
    def _check_accounts(
        self, key_ids: set[str], spent: Counter[tuple[str, str]], watermark_ms: int, report: AuditReport
    ) -> None:
        """Compare until each account was right at a moment without use; the others are checked in full."""
        report.accounts = len(key_ids)
        wrong = list(key_ids)
        for _ in range(_TRIES):
            if not wrong:
                return
            before = self._money(wrong)
            found = self._compared(before, spent, watermark_ms)
            after = self._money(wrong)
            wrong = [key_id for key_id in before if found[key_id] or before[key_id] != after.get(key_id)]
        for key_id in wrong:
            self._check_from_the_beginning(key_id, report)

    def _check_from_the_beginning(self, key_id: str, report: AuditReport) -> None:
        """Check an account against the whole ledger: the comparison before may have missed a late row."""
        for _ in range(_TRIES):
            before = self._money([key_id])
            found = self._compared(before, Counter(), self._watermark.beginning_ms() or 0)
            if before == self._money([key_id]):
                report.differences += found.get(key_id, [])
                return
        report.busy.append(key_id)

    def _compared(
        self, accounts: dict[str, _Money], spent: Counter[tuple[str, str]], from_ms: int
    ) -> dict[str, list[Difference]]:
        """The differences of each account, given what the keys spent before `from_ms`."""
        sums = Counter({at: price for at, price in spent.items() if at[0] in accounts})
        for row in self._ledger.rows(from_ms, self._now_ms() + AHEAD_MS):
            if row.key_id in accounts:
                sums[row.key_id, month_of(row.at_ms)] += row.price_microusd
        for key_id, money in accounts.items():
            for hold in money.holds:  # a settled one is not released yet
                sums[key_id, hold.month] += hold.work.price_microusd - self._settled_for(hold)
            for hold in money.given_back:  # a settled one is not charged yet
                sums[key_id, hold.month] -= self._settled_for(hold)
        found: dict[str, list[Difference]] = {key_id: [] for key_id in accounts}
        booked_months = ((key_id, month) for key_id, money in accounts.items() for month in money.months)
        for key_id, month in sorted({*sums, *booked_months}):
            aggregated, ledger = accounts[key_id].months.get(month, 0), sums[key_id, month]
            if aggregated != ledger:
                subject = f"account of {key_id}, {month}"
                found[key_id].append(Difference(subject, f"{aggregated} micro-dollars", f"{ledger} micro-dollars"))
        return found

    def _settled_for(self, hold: Hold) -> int:
        """The price of the row that settles a hold, 0 without one."""
        row = self._ledger.find(hold)
        if hold.is_job and (row is None or row.outcome == "abandoned"):
            row = self._row_of_job(hold)
        return 0 if row is None else row.price_microusd

    def _row_of_job(self, hold: Hold) -> LedgerRow | None:
        """The row of a job is stamped with its end, which only the job has. Without the job, the ledger is searched."""
        job = self._jobs.of_hold(hold)
        if job is None:
            rows = self._ledger.rows(hold.admitted_ms + 1, self._now_ms() + AHEAD_MS)
            return next((row for row in rows if row.request_id == hold.work.request_id), None)
        return None if job.ended_ms is None else self._ledger.find(hold, hold.stamp(job.ended_ms))

    def _money(self, key_ids: Iterable[str]) -> dict[str, _Money]:
        items = self._table.get_many(map(account_key, key_ids))
        return {item["pk"]["S"].removeprefix("ACCOUNT#"): _money_of(item, self._now_ms()) for item in items}


@dataclass(frozen=True, slots=True)
class _Money:
    """The money of an account: by month, and held."""

    months: dict[str, int]
    holds: tuple[Hold, ...]
    given_back: tuple[Hold, ...]


def _money_of(account: Item, now_ms: int) -> _Money:
    months = {name[1:]: int(value["N"]) for name, value in account.items() if name[0] == "m" and name[1:].isdecimal()}
    return _Money(months, _in_order(holds_from(account)), _in_order(given_back_from(account, now_ms)))


def _in_order(holds: list[Hold]) -> tuple[Hold, ...]:
    return tuple(sorted(holds, key=lambda hold: hold.work.request_id))


class _Day:
    """One day's aggregates as they must be before the watermark, compared with the stored ones."""

    def __init__(
        self, table: Table, ledger: LedgerStore, late_hours: frozenset[int], day_ms: int, watermark_ms: int
    ) -> None:
        self.rows = 0
        self.hours = 0
        self.waiting = 0
        self.spent: Counter[tuple[str, str]] = Counter()
        self.differences: list[Difference] = []
        self._table = table
        self._ledger = ledger
        self._late_hours = late_hours
        self._day_ms = day_ms
        self._stop_ms = min(day_ms + DAY.ms, watermark_ms)

    def check(self) -> None:
        """Compare, and fill in the attributes."""
        of_day: TotalsByDimensions = {}
        for hour_ms in range(self._day_ms, self._stop_ms, HOUR.ms):
            self.hours += 1
            of_minutes = self._minutes(hour_ms)
            of_hour = summed(
                dimensions
                for totals_by_dimensions in of_minutes.values()
                for dimensions in totals_by_dimensions.items()
            )
            of_day = merged(of_day, of_hour)
            if hour_ms in self._late_hours:
                self.waiting += 1
                continue
            last_ms = min(hour_ms + HOUR.ms, self._stop_ms) - MINUTE.ms
            self._compare(MINUTE, (hour_ms, last_ms), of_minutes)
            self._compare(HOUR, (hour_ms, hour_ms), {hour_ms: of_hour})
        if not self.waiting:
            self._compare(DAY, (self._day_ms, self._day_ms), {self._day_ms: of_day})

    def _minutes(self, hour_ms: int) -> dict[int, TotalsByDimensions]:
        """The sums of an hour's minutes, from the ledger."""
        minutes: dict[int, list[LedgerRow]] = {}
        for row in self._ledger.rows(hour_ms, min(hour_ms + HOUR.ms, self._stop_ms)):
            self.rows += 1
            self.spent[row.key_id, month_of(row.at_ms)] += row.price_microusd
            minutes.setdefault(MINUTE.start(row.at_ms), []).append(row)
        return {minute_ms: total(rows) for minute_ms, rows in minutes.items()}

    def _compare(
        self, width: BucketWidth, between: tuple[int, int], expected: Mapping[int, TotalsByDimensions]
    ) -> None:
        """Compare the buckets that start between two moments of one partition, both included."""
        items = self._table.query(width.partition(between[0]), width.range(*between))
        aggregated: dict[tuple[int, Dimensions], Totals] = {}
        ledger = {
            (start_ms, dimensions): totals for start_ms in expected for dimensions, totals in expected[start_ms].items()
        }
        for bucket in map(bucket_from, items):
            aggregated |= {
                (bucket.start_ms, dimensions): totals for dimensions, totals in bucket.totals_by_dimensions()
            }
            for dimensions, totals in self._counted_ahead(bucket).items():
                at = bucket.start_ms, dimensions
                ledger[at] = ledger[at] + totals if at in ledger else totals
        for start_ms, dimensions in sorted(aggregated.keys() | ledger.keys(), key=repr):
            at = start_ms, dimensions
            if aggregated.get(at) != ledger.get(at):
                at_bucket = f"{width.partition(start_ms)} {width.sort_key(start_ms, dimensions.key_id)}"
                subject = f"{at_bucket} {dimensions.endpoint} {dimensions.model}"
                self.differences.append(Difference(subject, _said(aggregated.get(at)), _said(ledger.get(at))))

    def _counted_ahead(self, bucket: Bucket) -> TotalsByDimensions:
        """What a bucket counts behind the watermark: a run wrote it that was interrupted, or has yet to move it."""
        if bucket.through_ms <= self._stop_ms or bucket.start_ms + bucket.width.ms <= self._stop_ms:
            return {}
        rows = self._ledger.rows(self._stop_ms, bucket.through_ms)
        return total(row for row in rows if row.key_id == bucket.key_id)


def _said(totals: Totals | None) -> str:
    if totals is None:
        return "nothing"
    money = f"price {totals.price_microusd}, cost {totals.cost_microusd}"
    return f"{totals.requests} requests, amount {totals.amount}, {money}"
