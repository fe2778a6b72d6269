"""What reading the books costs, and what they say of edges, marks and clocks. That they are exact is in the laws."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audio_gateway.aws.table import Table
from audio_gateway.identity.directory_items import Project, project_item
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.usage.buckets import DAY, HOUR, MINUTE, bucket_from, bucket_item, bucket_key
from audio_gateway.usage.reports import Dimensions, DynamoUsageReports, Totals
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.watermark import Watermark
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.reports import row
from tests.unit.metering.interleaving import Counting
from tests.unit.metering.tables import TABLE

MONTH_MS = 1_793_491_200_000  # 2026-11-01T00:00:00Z
LATENESS = AllowedLateness(hold_s=960, sweep_s=60)
ONE = Totals(1, 10, 150, 100)


class Harness:
    """A table whose pages are as long as DynamoDB's."""

    def __init__(self, now_ms: int) -> None:
        self.client: Any = FakeDynamoDB(page=1_000)
        self.client.put_item(Item=project_item(Project("default", "Default", MONTH_MS // 1000)))
        self.now_ms = now_ms

    def put(self, at_ms: int, key_id: str = "key_1", **fields: Any) -> None:
        LedgerStore(self.client, TABLE).put(row(at_ms / 1000, key_id=key_id, **fields))

    def roll_up(self) -> int:
        rollup = Rollup(self.client, TABLE, LATENESS, now_ms=lambda: self.now_ms)
        while (report := rollup.run()).watermark_ms != LATENESS.closed_ms(self.now_ms):
            pass
        return report.watermark_ms or 0

    def reports(self, client: Any = None) -> DynamoUsageReports:
        return DynamoUsageReports(client or self.client, TABLE, now_ms=lambda: self.now_ms)

    def requests(self, *edges_ms: int, key_ids: list[str] | None = None) -> list[int]:
        return [sum(t.requests for t in each.values()) for each in self.reports().series(edges_ms, key_ids)]


@pytest.fixture(scope="module")
def month() -> Harness:
    """November 2026 until the 30th, 17:43:21: two keys with a row each 20 minutes, and some in the open tail."""
    harness = Harness(MONTH_MS + 29 * DAY.ms + 17 * HOUR.ms + 43 * MINUTE.ms + 21_000)
    for at_ms in range(MONTH_MS, harness.now_ms, 20 * MINUTE.ms):
        for key_id in ("key_1", "key_2"):
            harness.put(at_ms, key_id)
    harness.roll_up()
    return harness


@pytest.mark.slow
def test_a_month_of_a_key_is_its_days_and_the_open_tail(month: Harness) -> None:
    client = Counting(month.client)
    edges = [MONTH_MS, month.now_ms]
    (found,) = month.reports(client).series(edges, ["key_1"])
    rows = (month.now_ms - MONTH_MS) // (20 * MINUTE.ms) + 1
    assert found == {
        Dimensions("key_1", "default", "speech", "talker"): Totals(*(rows * each for each in (1, 10, 150, 100)))
    }
    tail = 2 * ((month.now_ms - LATENESS.closed_ms(month.now_ms)) // (20 * MINUTE.ms) + 1)
    assert client.items <= 30 + 1 + tail + 1
    assert client.calls["batch_get_item"] == 1
    assert client.calls["query"] <= 1 + 2 * 4


def test_a_month_in_days_reads_as_much_as_the_month_in_one(month: Harness) -> None:
    client = Counting(month.client)
    edges = [*range(MONTH_MS, month.now_ms, DAY.ms), month.now_ms]
    found = month.reports(client).series(edges, ["key_1"])
    assert [sum(t.requests for t in each.values()) for each in found] == [*[72] * 29, 54]
    assert client.items <= 40
    assert client.calls["batch_get_item"] == 1


def test_a_day_in_minutes_of_one_key_takes_few_calls(month: Harness) -> None:
    client = Counting(month.client)
    day_ms = MONTH_MS + 20 * DAY.ms
    found = month.reports(client).series(range(day_ms, day_ms + DAY.ms + 1, MINUTE.ms), ["key_1"])
    assert len(found) == 1_440
    assert sum(sum(t.requests for t in each.values()) for each in found) == 72
    assert sum(client.calls.values()) <= 25


def test_all_keys_are_read_by_the_range(month: Harness) -> None:
    client = Counting(month.client)
    day_ms = MONTH_MS + 20 * DAY.ms
    assert len(month.reports(client).series(range(day_ms, day_ms + DAY.ms + 1, MINUTE.ms))) == 1_440
    assert client.calls["query"] == 1 + 24
    client.calls.clear()
    month.reports(client).series([MONTH_MS, MONTH_MS + 29 * DAY.ms])
    assert client.calls["query"] == 2


def test_many_keys_are_read_by_the_range_too(month: Harness) -> None:
    client = Counting(month.client)
    keys = ["key_1", *(f"key_of_nobody_{number}" for number in range(200))]
    (found,) = month.reports(client).series([MONTH_MS, MONTH_MS + 29 * DAY.ms], keys)
    assert {dimensions.key_id for dimensions in found} == {"key_1"}
    assert client.calls["batch_get_item"] == 0


def test_many_items_of_some_keys_are_read_by_the_range_too(month: Harness) -> None:
    edges = list(range(MONTH_MS, MONTH_MS + DAY.ms + 1, MINUTE.ms))  # a day in minutes
    keys = ["key_1", *(f"key_of_nobody_{number}" for number in range(99))]
    exact, ranged = Counting(month.client), Counting(month.client)
    assert month.reports(ranged).series(edges, keys) == month.reports(exact).series(edges, ["key_1"])
    assert (ranged.calls["batch_get_item"], exact.calls["batch_get_item"] > 0) == (0, True)


def test_each_edge_belongs_to_the_stretch_that_it_begins(month: Harness) -> None:
    at_ms = MONTH_MS + 3 * DAY.ms + 20 * MINUTE.ms
    assert month.requests(at_ms - 1, at_ms, at_ms + 1, key_ids=["key_1"]) == [0, 1]


def test_what_was_settled_this_moment_is_there() -> None:
    harness = Harness(MONTH_MS + DAY.ms)
    harness.roll_up()
    harness.put(harness.now_ms - 1)
    harness.put(harness.now_ms + 2_000)  # on a machine whose clock is ahead
    assert harness.requests(harness.now_ms - HOUR.ms, harness.now_ms, harness.now_ms + DAY.ms) == [1, 1]


def test_before_the_first_roll_up_only_what_can_have_rows_is_read() -> None:
    harness = Harness(MONTH_MS + HOUR.ms)
    harness.put(harness.now_ms - 1)
    client = Counting(harness.client)
    year_ms = 365 * DAY.ms
    found = harness.reports(client).series([MONTH_MS - year_ms, MONTH_MS + year_ms], ["key_1"])
    assert [sum(t.requests for t in each.values()) for each in found] == [1]
    # From the day of the first project, an hour before it, until now.
    assert client.calls["query"] <= 2 + 4 * (24 + 2)


def test_no_project_no_frontier_and_still_exact() -> None:
    client: Any = FakeDynamoDB()
    LedgerStore(client, TABLE).put(row(MONTH_MS / 1000))
    reports = DynamoUsageReports(client, TABLE, now_ms=lambda: MONTH_MS)
    assert reports.series([MONTH_MS, MONTH_MS + 1]) == [{Dimensions("key_1", "default", "speech", "talker"): ONE}]


def test_the_future_and_nothing_are_empty(month: Harness) -> None:
    assert month.requests(month.now_ms + DAY.ms, month.now_ms + 400 * DAY.ms) == [0]
    assert month.requests(253_402_214_400_000, 253_402_300_799_000) == [0]
    assert month.reports().series([MONTH_MS]) == []
    assert month.requests(MONTH_MS, MONTH_MS + DAY.ms, key_ids=[]) == [0]


def test_an_hour_that_a_row_came_late_to_is_read_from_the_ledger_until_it_is_mended() -> None:
    harness = Harness(MONTH_MS + DAY.ms)
    harness.put(MONTH_MS + HOUR.ms)
    harness.roll_up()
    late_ms = MONTH_MS + HOUR.ms + 1
    Watermark(Table(harness.client, TABLE)).mark(late_ms)
    assert harness.requests(MONTH_MS, MONTH_MS + DAY.ms) == [1]
    harness.put(late_ms, outcome="swept")
    assert harness.requests(MONTH_MS, MONTH_MS + DAY.ms) == [2]
    harness.roll_up()
    assert harness.requests(MONTH_MS, MONTH_MS + DAY.ms) == [2]


@pytest.mark.parametrize("end_after_frontier_ms", [0, 1, MINUTE.ms, 5 * MINUTE.ms])
def test_an_item_that_counts_further_than_was_asked_for_is_not_used(end_after_frontier_ms: int) -> None:
    harness = Harness(MONTH_MS + DAY.ms + 12 * HOUR.ms + 30 * MINUTE.ms)
    harness.put(MONTH_MS + DAY.ms)
    watermark_ms = harness.roll_up()
    harness.put(watermark_ms + 3 * MINUTE.ms)
    # A run that died before it moved the frontier has written its items.
    for width in (HOUR, DAY):
        key = bucket_key(width, width.start(watermark_ms), "key_1")
        dimensions = {("speech", "talker"): ONE if width is HOUR else ONE + ONE}
        if found := harness.client.get_item(Key=key).get("Item"):
            old = bucket_from(found)
        else:
            old = dataclasses.replace(_any_bucket(harness), width=width, start_ms=width.start(watermark_ms))
        ahead = dataclasses.replace(old, totals=dimensions, through_ms=watermark_ms + 4 * MINUTE.ms)
        harness.client.put_item(Item=bucket_item(ahead, 10**12))
    expected = 1 + (end_after_frontier_ms > 3 * MINUTE.ms)
    assert harness.requests(MONTH_MS + DAY.ms, watermark_ms + end_after_frontier_ms) == [expected]


def _any_bucket(harness: Harness) -> Any:
    return bucket_from(harness.client.get_item(Key=bucket_key(DAY, MONTH_MS + DAY.ms, "key_1"))["Item"])
