"""The audit: silent where all is right, also while the gateway works, and loud where anything is not."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from audio_gateway.aws.table import Table
from audio_gateway.identity.directory_items import Project, project_item
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import account_key, hold_text, new_account_item
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import row_for, row_item
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.limits import Limits
from audio_gateway.usage.audit import Audit, AuditReport
from audio_gateway.usage.buckets import DAY, HOUR, MINUTE, BucketWidth, bucket_from, bucket_item, bucket_key
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.totals import Totals
from audio_gateway.usage.watermark import Watermark
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.meter import FakeHeldJobs
from tests.fakes.reports import row
from tests.unit.metering.tables import TABLE

CREATED_MS = 1_795_219_200_000  # 2026-11-21T00:00:00Z
AT_MS = CREATED_MS + 8 * HOUR.ms + 30 * MINUTE.ms
LATENESS = AllowedLateness(hold_s=960, sweep_s=60)
MONTH = "m202611"


class Harness:
    """A key that has used the gateway twice and has a request running; the first two are in the aggregates."""

    def __init__(self) -> None:
        self.client = cast("Any", FakeDynamoDB(page=50))
        self.client.put_item(Item=project_item(Project("default", "Default", CREATED_MS // 1000)))
        self.client.put_item(Item=new_account_item("key_1", Limits()))
        self.ledger = LedgerStore(self.client, TABLE)
        self.jobs = FakeHeldJobs()
        self.now_ms = AT_MS
        self.settle("r1")
        self.now_ms += MINUTE.ms
        self.settle("r2")
        self.now_ms += HOUR.ms
        self.roll_up()
        self.admit("r3")

    def admit(self, request_id: str) -> Hold:
        """As the meter does it."""
        work = MeteredRequest(request_id, "speech", "talker", "characters", 10, 100, 40)
        hold = Hold(Payer("key_1", "default"), work, self.now_ms, self.now_ms // 1000 + 960)
        self.add_to_month(100)
        holds = self.account["holds"]["M"] | {request_id: {"S": hold_text(hold)}}
        self.client.put_item(Item=self.account | {"holds": {"M": holds}})
        return hold

    def settle(self, request_id: str) -> None:
        hold = self.admit(request_id)
        self.ledger.put(row_for(hold, hold.work, "answered"))
        holds = {name: hold for name, hold in self.account["holds"]["M"].items() if name != request_id}
        self.client.put_item(Item=self.account | {"holds": {"M": holds}})

    @property
    def account(self) -> dict[str, Any]:
        return dict(self.client.get_item(Key=account_key("key_1"))["Item"])

    def roll_up(self) -> None:
        Rollup(self.client, TABLE, LATENESS, now_ms=lambda: self.now_ms).run()

    def audit(self, client: Any = None) -> AuditReport:
        return Audit(client or self.client, TABLE, self.jobs, now_ms=lambda: self.now_ms).run(["key_1"])

    def spoil(self, width: BucketWidth, **changes: Any) -> None:
        key = bucket_key(width, width.start(AT_MS), "key_1")
        bucket = bucket_from(self.client.get_item(Key=key)["Item"])
        self.client.put_item(Item=bucket_item(dataclasses.replace(bucket, **changes), 1))

    def add_to_month(self, amount: int) -> None:
        month = int(self.account.get(MONTH, {"N": "0"})["N"]) + amount
        self.client.put_item(Item=self.account | {MONTH: {"N": str(month)}})


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_correct_aggregates_and_accounts_have_no_difference(harness: Harness) -> None:
    report = harness.audit()
    assert (report.differences, report.busy, report.waiting) == ([], [], 0)
    assert (report.rows, report.accounts) == (2, 1)
    assert report.hours >= 8


def test_a_table_without_anything_has_no_difference() -> None:
    assert Audit(FakeDynamoDB(), TABLE, FakeHeldJobs()).run([]) == AuditReport()  # type: ignore[arg-type] # it stands in for a client


@pytest.mark.parametrize("width", [MINUTE, HOUR, DAY], ids=lambda width: width.name)
@pytest.mark.parametrize("field", range(4))
def test_every_number_of_every_aggregate_is_checked(harness: Harness, width: BucketWidth, field: int) -> None:
    figures = [1, 10, 100, 40] if width is MINUTE else [2, 20, 200, 80]
    figures[field] += 1
    harness.spoil(width, totals={("speech", "talker"): Totals(*figures)})
    (found,) = harness.audit().differences
    assert found.subject.startswith(f"USAGE#{width.name}#2026-11")
    assert "key_1" in found.subject
    assert str(figures[field]) in found.aggregated


@pytest.mark.parametrize("width", [MINUTE, HOUR, DAY], ids=lambda width: width.name)
def test_an_aggregate_that_is_missing_is_a_difference(harness: Harness, width: BucketWidth) -> None:
    harness.client.delete_item(Key=bucket_key(width, width.start(AT_MS), "key_1"))
    (found,) = harness.audit().differences
    assert found.aggregated == "nothing"


def test_an_aggregate_without_rows_is_a_difference(harness: Harness) -> None:
    harness.spoil(HOUR, key_id="key_of_nobody")
    (found,) = harness.audit().differences
    assert found.ledger == "nothing"


def test_a_row_that_was_changed_by_hand_is_a_difference_of_aggregates_and_account(harness: Harness) -> None:
    first = next(harness.ledger.rows(AT_MS, AT_MS + 1))
    harness.client.put_item(Item=row_item(dataclasses.replace(first, price_microusd=99)))
    assert [found.subject.split("#")[0] for found in harness.audit().differences] == [
        *["USAGE"] * 3,
        "account of key_1, 202611",
    ]


@pytest.mark.parametrize("amount", [-1, 1])
def test_an_account_that_is_off_by_a_micro_dollar_is_a_difference(harness: Harness, amount: int) -> None:
    harness.add_to_month(amount)
    (found,) = harness.audit().differences
    assert found.subject == "account of key_1, 202611"
    assert (found.aggregated, found.ledger) == (f"{300 + amount} micro-dollars", "300 micro-dollars")


def test_a_hold_whose_row_exists_counts_once(harness: Harness) -> None:
    hold = harness.admit("r4")
    harness.ledger.put(row_for(hold, dataclasses.replace(hold.work, price_microusd=70), "answered"))
    assert harness.audit().differences == []


def test_an_hour_that_waits_for_the_roll_up_is_said_and_not_judged(harness: Harness) -> None:
    watermark = Watermark(Table(harness.client, TABLE))
    watermark.mark(AT_MS)
    harness.ledger.put(row(AT_MS / 1000, key_id="key_1", outcome="swept", price_microusd=5))
    harness.add_to_month(5)
    report = harness.audit()
    assert (report.differences, report.waiting) == ([], 1)
    harness.roll_up()
    assert harness.audit().waiting == 0


def test_items_that_count_behind_the_watermark_are_right_too(harness: Harness) -> None:
    watermark = Watermark(Table(harness.client, TABLE))
    before = watermark.read().watermark_ms
    assert before is not None
    harness.now_ms += MINUTE.ms
    harness.settle("r5")
    harness.now_ms += 30 * MINUTE.ms
    harness.roll_up()
    watermark.move(watermark.read().run, before)  # as after a run that died
    assert harness.audit().differences == []


class Working:
    """A client before whose first calls the gateway goes on to work."""

    def __init__(self, client: Any, harness: Harness, times: int) -> None:
        self._client = client
        self._bench = harness
        self.times = times

    def __getattr__(self, name: str) -> Any:
        if self.times:
            self.times -= 1
            self._bench.now_ms += 20_000
            self._bench.settle(f"busy_{self.times}")
            if self.times % 7 == 0:
                self._bench.roll_up()
        return getattr(self._client, name)


@pytest.mark.parametrize("times", [10, 100, 220])
def test_a_gateway_that_works_meanwhile_has_no_difference(harness: Harness, times: int) -> None:
    client = Working(harness.client, harness, times)
    assert harness.audit(client).differences == []
    assert client.times == 0


def test_a_key_that_is_never_quiet_is_named_and_not_judged(harness: Harness) -> None:
    harness.add_to_month(1)
    report = harness.audit(Working(harness.client, harness, 10**9))
    assert (report.differences, report.busy) == ([], ["key_1"])
