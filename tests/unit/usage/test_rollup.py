"""The roll-up, run by run: where it begins, how far it goes, what it leaves to the next."""

from __future__ import annotations

from typing import Any, cast

import pytest

from audio_gateway.aws.table import Table
from audio_gateway.identity.directory_items import Project, project_item
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.usage import rollup as rollup_module
from audio_gateway.usage.buckets import DAY, HOUR, MINUTE, Bucket, LedgerBucketWidth, bucket_from, bucket_item
from audio_gateway.usage.reports import DynamoUsageReports
from audio_gateway.usage.rollup import MAX_HOURS, Rollup
from audio_gateway.usage.totals import Totals
from audio_gateway.usage.watermark import Watermark
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.reports import row
from tests.unit.metering.interleaving import Counting, Crash, Dying
from tests.unit.metering.tables import TABLE

CREATED_MS = 1_795_257_000_000  # 2026-11-21T10:30:00Z
MIDNIGHT_MS = 1_795_219_200_000
NOW_MS = CREATED_MS + 2 * HOUR.ms
LATENESS = AllowedLateness(hold_s=960, sweep_s=60)


class Harness:
    def __init__(self) -> None:
        self.client = cast("Any", FakeDynamoDB())
        self.client.put_item(Item=project_item(Project("default", "Default", CREATED_MS // 1000)))
        self.now_ms = NOW_MS
        self.watermark = Watermark(Table(self.client, TABLE))

    def rollup(self, client: Any = None) -> Rollup:
        return Rollup(client or self.client, TABLE, LATENESS, now_ms=lambda: self.now_ms)

    def put(self, at_ms: int, key_id: str = "key_1", **fields: Any) -> None:
        LedgerStore(self.client, TABLE).put(row(at_ms / 1000, key_id=key_id, **fields))

    def buckets(self, width: LedgerBucketWidth, start_ms: int) -> dict[str, Bucket]:
        found = Table(self.client, TABLE).query(width.partition(start_ms), width.range(start_ms, start_ms))
        return {bucket.key_id: bucket for bucket in map(bucket_from, found)}

    def requests(self, width: LedgerBucketWidth, start_ms: int) -> int:
        return sum(t.requests for bucket in self.buckets(width, start_ms).values() for t in bucket.totals.values())


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_a_gateway_without_a_project_has_nothing_to_count() -> None:
    assert Rollup(FakeDynamoDB(), TABLE, LATENESS).run().watermark_ms is None  # type: ignore[arg-type] # stands in


def test_the_first_run_begins_on_the_day_of_the_oldest_project(harness: Harness) -> None:
    harness.client.put_item(Item=project_item(Project("proj_2", "Later", NOW_MS // 1000)))
    assert harness.watermark.read().watermark_ms == MIDNIGHT_MS
    harness.put(CREATED_MS)
    assert harness.rollup().run().watermark_ms == LATENESS.closed_ms(NOW_MS)
    assert harness.requests(DAY, MIDNIGHT_MS) == 1


def test_a_minute_is_counted_when_its_last_row_must_be_there(harness: Harness) -> None:
    harness.put(NOW_MS - 2 * HOUR.ms)
    harness.rollup().run()
    watermark_ms = harness.watermark.read().watermark_ms
    assert watermark_ms is not None
    assert watermark_ms % MINUTE.ms == 0
    assert NOW_MS - watermark_ms >= (960 + 2 * 60 + 60) * 1000
    assert NOW_MS - watermark_ms < (960 + 2 * 60 + 60 + 60) * 1000


def test_minutes_hours_and_days_hold_the_same_sums_by_key_model_and_endpoint(harness: Harness) -> None:
    at_ms = NOW_MS - HOUR.ms
    harness.put(at_ms, model="talker")
    harness.put(at_ms + 10 * MINUTE.ms, model="talker")
    harness.put(at_ms, model="singer")
    harness.put(at_ms, endpoint="translations", model="talker")
    harness.put(at_ms, key_id="key_2", project_id="proj_2")
    harness.put(at_ms, outcome="abandoned", amount=0, price_microusd=0, cost_microusd=0)
    harness.put(at_ms, outcome="failed", model="singer", amount=0, price_microusd=0, cost_microusd=7)
    harness.rollup().run()
    of_day = harness.buckets(DAY, DAY.start(at_ms))
    assert of_day["key_1"].totals == {
        ("speech", "singer"): Totals(1, 10, 150, 107),  # which failed once, and is to be paid all the same
        ("speech", "talker"): Totals(2, 20, 300, 200),
        ("translations", "talker"): Totals(1, 10, 150, 100),
    }
    assert (of_day["key_1"].project_id, of_day["key_2"].project_id) == ("default", "proj_2")
    assert harness.buckets(HOUR, HOUR.start(at_ms))["key_1"].totals == of_day["key_1"].totals
    assert harness.requests(MINUTE, MINUTE.start(at_ms)) == 4


def test_only_keys_with_new_rows_are_written(harness: Harness) -> None:
    for number in range(20):
        harness.put(NOW_MS - 90 * MINUTE.ms, key_id=f"key_{number}")
    harness.rollup().run()
    harness.put(NOW_MS - 10 * MINUTE.ms, key_id="key_7")
    harness.now_ms += 30 * MINUTE.ms
    client = Counting(harness.client)
    assert harness.rollup(client).run().items == client.calls["put_item"] == 3


def test_a_run_without_new_rows_reads_little_and_writes_the_frontier_only(harness: Harness) -> None:
    harness.rollup().run()
    harness.now_ms += 5 * MINUTE.ms
    client = Counting(harness.client)
    harness.rollup(client).run()
    assert (client.calls["put_item"], client.calls["update_item"]) == (0, 2)  # its number, and the frontier
    assert client.calls["query"] <= 10


def test_what_is_too_much_for_one_run_is_left_to_the_next(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup_module, "MAX_ITEMS", 5)
    for minute in range(20):
        for number in range(3):
            harness.put(NOW_MS - 90 * MINUTE.ms + minute * MINUTE.ms, key_id=f"key_{number}")
    runs = 0
    while harness.rollup().run().watermark_ms != LATENESS.closed_ms(NOW_MS):
        runs += 1
        assert runs < 20
    assert runs >= 9
    assert harness.requests(DAY, MIDNIGHT_MS) == 60


def test_after_a_long_pause_it_catches_up_some_days_at_a_time(harness: Harness) -> None:
    harness.rollup().run()
    harness.now_ms += 5 * DAY.ms
    harness.put(harness.now_ms - HOUR.ms)
    hours = []
    while harness.watermark.read().watermark_ms != LATENESS.closed_ms(harness.now_ms):
        hours.append(harness.rollup().run().hours)
        assert len(hours) < 10
    assert max(hours) == MAX_HOURS
    assert harness.requests(DAY, DAY.start(harness.now_ms)) == 1


def test_a_run_that_is_overtaken_writes_over_nothing_and_concludes_nothing(harness: Harness) -> None:
    harness.put(NOW_MS - HOUR.ms)
    overtaken = harness.watermark.begin()
    harness.rollup().run()
    watermark_ms = harness.watermark.read().watermark_ms
    assert harness.watermark.move(overtaken.run, MIDNIGHT_MS) is False
    harness.watermark.mark(NOW_MS - HOUR.ms)
    assert harness.watermark.clear(overtaken, HOUR.start(NOW_MS - HOUR.ms)) is False
    assert harness.watermark.read().watermark_ms == watermark_ms
    assert set(harness.watermark.read().dirty) == {HOUR.start(NOW_MS - HOUR.ms)}


def test_a_late_row_is_counted_where_it_belongs_and_the_mark_goes(harness: Harness) -> None:
    harness.put(NOW_MS - HOUR.ms)
    harness.rollup().run()
    late_ms = NOW_MS - HOUR.ms - MINUTE.ms
    harness.watermark.mark(late_ms)
    harness.put(late_ms, outcome="swept")
    harness.watermark.mark(late_ms)
    report = harness.rollup().run()
    assert (report.mended, harness.watermark.read().dirty) == (1, {})
    assert (harness.requests(DAY, MIDNIGHT_MS), harness.requests(MINUTE, late_ms)) == (2, 1)
    assert harness.rollup().run().items == 0


def test_a_mark_that_was_made_again_in_the_meantime_stays(harness: Harness) -> None:
    harness.rollup().run()
    harness.watermark.mark(NOW_MS - HOUR.ms)
    progress = harness.watermark.begin()
    harness.watermark.mark(NOW_MS - HOUR.ms)
    assert harness.watermark.clear(progress, HOUR.start(NOW_MS - HOUR.ms)) is True
    assert harness.watermark.read().dirty != {}


def test_a_frontier_in_the_future_is_taken_back(harness: Harness) -> None:
    harness.now_ms += DAY.ms  # a clock that was wrong
    harness.rollup().run()
    harness.now_ms -= DAY.ms
    harness.rollup().run()
    assert harness.watermark.read().watermark_ms == LATENESS.closed_ms(NOW_MS)
    harness.put(NOW_MS)
    harness.now_ms += DAY.ms
    harness.rollup().run()
    assert harness.requests(DAY, MIDNIGHT_MS) == 1


def ahead(harness: Harness) -> int:
    """Items that count a row three minutes beyond the frontier, as a run leaves them that died before it moved it."""
    before_ms = harness.rollup().run().watermark_ms
    assert before_ms is not None
    harness.put(before_ms + 3 * MINUTE.ms)
    harness.now_ms += 10 * MINUTE.ms
    harness.rollup().run()
    harness.watermark.move(harness.watermark.read().run, before_ms)
    harness.now_ms -= 10 * MINUTE.ms
    return before_ms


def counted(harness: Harness) -> int:
    reports = DynamoUsageReports(harness.client, TABLE, now_ms=lambda: harness.now_ms)
    (found,) = reports.series([MIDNIGHT_MS, harness.now_ms])
    return sum(totals.requests for totals in found.values())


@pytest.mark.parametrize("late_by_ms", [5 * MINUTE.ms, 90 * MINUTE.ms], ids=["same hour", "earlier hour"])
def test_mending_goes_to_the_frontier_and_no_further_also_where_items_do(harness: Harness, late_by_ms: int) -> None:
    late_ms = ahead(harness) - late_by_ms
    harness.watermark.mark(late_ms)
    harness.put(late_ms, outcome="swept")
    harness.rollup().run()
    assert harness.watermark.read().dirty == {}
    assert counted(harness) == 2


def test_counting_goes_to_the_frontier_and_no_further_also_where_items_do(harness: Harness) -> None:
    harness.put(ahead(harness) + MINUTE.ms)
    harness.now_ms += 2 * MINUTE.ms
    harness.rollup().run()
    assert counted(harness) == 2


def test_a_day_is_rebuilt_whatever_was_in_its_items(harness: Harness) -> None:
    at_ms = NOW_MS - HOUR.ms
    harness.put(at_ms)
    harness.rollup().run()
    (right,) = harness.buckets(DAY, MIDNIGHT_MS).values()
    for width in (MINUTE, HOUR, DAY):
        start_ms = width.start(at_ms)
        wrong = {("speech", "talker"): Totals(9, 9, 9, 9)}
        for key_id in ("key_1", "key_of_nobody"):
            bucket = Bucket(width, start_ms, key_id, "default", right.through_ms, wrong)
            harness.client.put_item(Item=bucket_item(bucket, 1))
    harness.rollup().rebuild(MIDNIGHT_MS)
    for width in (MINUTE, HOUR, DAY):
        (found,) = harness.buckets(width, width.start(at_ms)).values()
        assert found.totals == right.totals
    assert harness.rollup().rebuild(MIDNIGHT_MS).items == 0


def test_a_day_that_has_not_begun_is_not_rebuilt(harness: Harness) -> None:
    harness.put(NOW_MS - HOUR.ms)
    harness.rollup().run()
    assert harness.rollup().rebuild(MIDNIGHT_MS + DAY.ms).items == 0
    assert harness.buckets(DAY, MIDNIGHT_MS + DAY.ms) == {}


def test_a_run_that_died_at_any_call_is_finished_by_the_next() -> None:
    for calls in range(60):
        harness = Harness()
        harness.put(NOW_MS - 3 * HOUR.ms)
        harness.put(NOW_MS - HOUR.ms)
        harness.put(NOW_MS - HOUR.ms, key_id="key_2")
        try:
            harness.rollup(Dying(harness.client, calls)).run()
        except Crash:
            assert harness.rollup().run().superseded is False
        assert harness.requests(DAY, MIDNIGHT_MS) == 3
