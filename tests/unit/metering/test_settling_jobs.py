"""Money of work that runs for hours: the month of its admission pays, once, however late it is settled."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from audio_gateway.identity.directory_items import Project, project_item
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, Job
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.account import HeldJob, Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import MAX_STALE, account_key, given_back_from, holds_from, new_account_item
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import row_from
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.pending_settlements import PendingSettlement
from audio_gateway.metering.sweeper import Sweeper, SweepReport
from audio_gateway.metering.work_outcomes import WorkOutcomes
from audio_gateway.usage.audit import Audit, Difference
from audio_gateway.usage.reports import DynamoUsageReports
from audio_gateway.usage.rollup import Rollup
from audio_gateway.use_cases.jobs.billing import JobBilling, settle
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.meter import FakeHeldJobs, FakePendingSettlements
from tests.unit.metering.interleaving import Crash, Dying
from tests.unit.metering.tables import TABLE, late_rows
from tests.unit.usage.test_late_deliveries import Network

NEW_YEAR_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
KEY = "key_1"
CALLER = Payer(KEY, "default")
LATENESS = AllowedLateness(hold_s=60, sweep_s=60)
HELD = MeteredRequest("job_1", "transcriptions", "listener", "audio_ms", 9000, 900, 800)
DONE = replace(HELD, amount=5000, price_microusd=500, cost_microusd=400)


class Keys:
    def forget_deleted(self, _key_id: str) -> bool:
        return False


class Harness:
    """One key with a job, an hour before the new year."""

    def __init__(self, client: Any = None) -> None:
        self.client: Any = client or FakeDynamoDB(page=100)
        self.now_ms = NEW_YEAR_MS - HOUR_MS
        self.client.put_item(TableName=TABLE, Item=project_item(Project("default", "Default", self.now_ms // 1000)))
        self.client.put_item(TableName=TABLE, Item=new_account_item(KEY, Limits()))
        self.pending_settlements, self.jobs = FakePendingSettlements(), FakeHeldJobs()

    def meter(self, client: Any = None) -> DynamoJobMeter:
        client, clock = client or self.client, lambda: self.now_ms
        rows = late_rows(client, LATENESS, clock)
        return DynamoJobMeter(client, TABLE, rows, hold_seconds=JOB_HOLD_SECONDS, now_ms=clock)

    def admit(self, at_ms: int | None = None) -> Hold:
        return self.meter().admit(CALLER, HELD, at_ms=at_ms or self.now_ms).hold

    def job(self, hold: Hold, work: MeteredRequest | None = DONE, ended_ms: int | None = None) -> Job:
        """The job as it is once it is over."""
        ended_ms = ended_ms or self.now_ms
        self.jobs.kept[hold.work.request_id] = HeldJob(ended_ms, work)
        times: dict[str, Any] = {"created_at": 0, "expires_at": 2**40, "completed_ms": ended_ms}
        return Job(hold.work.request_id, "default", KEY, "speech", "m", "succeeded", work=work, hold=hold, **times)

    def settle(self, job: Job, client: Any = None) -> None:
        settle(job, billing=JobBilling(self.meter(client), self.pending_settlements))

    def sweep(self, client: Any = None) -> SweepReport:
        clock = lambda: self.now_ms  # noqa: E731
        outcomes = WorkOutcomes(self.jobs, self.pending_settlements)
        client = client or self.client
        return Sweeper(client, TABLE, Keys(), outcomes, late_rows(client, LATENESS, clock), now_ms=clock).sweep()

    def roll_up(self) -> None:
        Rollup(self.client, TABLE, LATENESS, now_ms=lambda: self.now_ms).run()

    def reported(self, day_ms: int) -> int:
        harness = DynamoUsageReports(self.client, TABLE, now_ms=lambda: self.now_ms)
        return sum(tally.price_microusd for tally in harness.series([day_ms, day_ms + DAY_MS])[0].values())

    def audit(self) -> list[Difference]:
        return Audit(self.client, TABLE, self.jobs, now_ms=lambda: self.now_ms).run([KEY]).differences

    @property
    def item(self) -> dict[str, Any]:
        return dict(self.client.get_item(TableName=TABLE, Key=account_key(KEY), ConsistentRead=True)["Item"])

    @property
    def holds(self) -> list[Hold]:
        return holds_from(self.item)

    @property
    def given_back(self) -> list[Hold]:
        return given_back_from(self.item, self.now_ms)

    @property
    def rows(self) -> list[tuple[int, int, str]]:
        items = self.client.scan(TableName=TABLE)["Items"]
        rows = [row_from(item) for item in items if item["pk"]["S"].startswith("LEDGER#")]
        return [(row.at_ms, row.price_microusd, row.outcome) for row in rows]

    def months(self) -> tuple[int, int]:
        december, january = (int(self.item.get(f"m{month}", {"N": "0"})["N"]) for month in ("202612", "202701"))
        return december, january


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_a_hold_of_the_same_moment_is_no_second_one(harness: Harness) -> None:
    first = harness.admit()
    again = harness.admit(first.admitted_ms)
    assert again == first
    assert harness.holds == [first]
    assert harness.months() == (900, 0)


# ---------------------------------------------------------------- the month of admission
def test_a_job_that_ends_in_its_month_has_its_row_at_its_end(harness: Harness) -> None:
    hold = harness.admit()
    harness.now_ms += 1_800_000
    job = harness.job(hold)
    for _ in range(2):
        harness.settle(job)
    assert harness.rows == [(harness.now_ms, 500, "answered")]
    assert (harness.months(), harness.holds, harness.pending_settlements.kept) == ((500, 0), [], {})


def test_the_month_of_admission_pays_in_account_ledger_and_reports_alike(harness: Harness) -> None:
    hold = harness.admit()
    harness.roll_up()
    harness.now_ms = NEW_YEAR_MS + 7 * HOUR_MS
    harness.roll_up()
    harness.settle(harness.job(hold))
    assert harness.rows == [(NEW_YEAR_MS - 1, 500, "answered")]
    assert harness.months() == (500, 0)
    for _ in range(2):
        assert (harness.reported(NEW_YEAR_MS - DAY_MS), harness.reported(NEW_YEAR_MS)) == (500, 0)
        harness.roll_up()
    assert harness.audit() == []


@pytest.mark.parametrize(
    ("admitted_ms", "ended_ms", "stamp_ms"),
    [
        (NEW_YEAR_MS - 5, NEW_YEAR_MS - 2, NEW_YEAR_MS - 2),
        (NEW_YEAR_MS - 5, NEW_YEAR_MS, NEW_YEAR_MS - 1),
        (NEW_YEAR_MS, NEW_YEAR_MS - 3, NEW_YEAR_MS),  # clocks differ
        (1_772_323_199_999, 1_772_323_200_000, 1_772_323_199_999),  # February
    ],
)
def test_a_row_never_leaves_the_month_of_its_hold(admitted_ms: int, ended_ms: int, stamp_ms: int) -> None:
    assert Hold(CALLER, HELD, admitted_ms, 0).stamp(ended_ms) == stamp_ms


@pytest.mark.parametrize("lateness", [AllowedLateness(960, 60), AllowedLateness(60, 5), AllowedLateness(2, 1)])
def test_a_job_that_is_settled_late_is_in_the_reports_whatever_the_settings(
    harness: Harness, lateness: AllowedLateness
) -> None:
    clock = lambda: harness.now_ms  # noqa: E731
    harness.now_ms -= 5 * HOUR_MS
    hold = harness.admit()
    job = harness.job(hold)
    harness.now_ms += 4 * HOUR_MS
    Rollup(harness.client, TABLE, lateness, now_ms=clock).run()
    meter = DynamoJobMeter(
        harness.client, TABLE, late_rows(harness.client, lateness, clock), hold_seconds=JOB_HOLD_SECONDS, now_ms=clock
    )
    settle(job, billing=JobBilling(meter, harness.pending_settlements))
    for _ in range(2):
        assert harness.reported(NEW_YEAR_MS - DAY_MS) == 500
        harness.now_ms += HOUR_MS
        Rollup(harness.client, TABLE, lateness, now_ms=clock).run()


# ---------------------------------------------------------------- the sweeper asks the job
def test_the_hold_of_a_job_that_runs_stays_and_the_job_pays_when_it_ends(harness: Harness) -> None:
    hold = harness.admit()
    harness.jobs.kept["job_1"] = HeldJob(None, None)
    for _ in range(3):
        harness.now_ms += 30 * HOUR_MS
        report = harness.sweep()
        assert (report.settled, report.running, harness.holds) == ([], 1, [hold])
    harness.settle(harness.job(hold))
    assert (harness.months(), [price for _, price, _ in harness.rows]) == ((500, 0), [500])
    assert (harness.holds, harness.audit()) == ([], [])


def test_a_job_that_is_over_and_was_not_settled_is_charged_as_it_says(harness: Harness) -> None:
    hold = harness.admit()
    ended_ms = harness.now_ms + 60_000
    harness.job(hold, ended_ms=ended_ms)
    harness.now_ms += JOB_HOLD_SECONDS * 1000
    (swept,) = harness.sweep().settled
    assert (swept.finding, swept.price_microusd) == ("swept", 500)
    assert harness.rows == [(ended_ms, 500, "swept")]
    assert (harness.months(), harness.holds) == ((500, 0), [])


def test_a_job_that_is_over_and_costs_nothing_is_released_without_a_row(harness: Harness) -> None:
    harness.job(harness.admit(), work=None)
    harness.now_ms += JOB_HOLD_SECONDS * 1000
    (swept,) = harness.sweep().settled
    assert (swept.finding, swept.price_microusd) == ("released", 0)
    assert (harness.rows, harness.months(), harness.holds) == ([], (0, 0), [])


def test_a_start_that_died_before_there_was_a_job_gives_its_money_back_within_the_hour(harness: Harness) -> None:
    hold = harness.admit()
    harness.now_ms += JOB_HOLD_SECONDS * 1000
    harness.sweep()
    assert harness.rows == [(hold.admitted_ms, 0, "abandoned")]
    assert (harness.months(), harness.holds, JOB_HOLD_SECONDS) == ((0, 0), [], 3600)


def test_the_sweeper_writes_the_row_with_the_stamp_of_the_pending_settlement(harness: Harness) -> None:
    hold = harness.admit()
    end_ms = harness.now_ms + 1_800_000
    harness.pending_settlements.keep(hold, DONE, end_ms)
    harness.now_ms += 24 * HOUR_MS
    harness.sweep()
    harness.sweep()
    assert harness.rows == [(end_ms, 500, "swept")]
    assert (harness.months(), harness.pending_settlements.kept) == ((500, 0), {})


def test_the_sweeper_finds_a_row_that_was_not_released(harness: Harness) -> None:
    job = harness.job(harness.admit())
    with suppress(Crash):
        harness.settle(job, Dying(harness.client, 1))
    assert len(harness.holds) == 1
    harness.now_ms += JOB_HOLD_SECONDS * 1000
    (swept,) = harness.sweep().settled
    assert (swept.finding, swept.price_microusd) == ("released", 500)
    assert [row[1:] for row in harness.rows] == [(500, "answered")]
    assert (harness.months(), harness.pending_settlements.kept) == ((500, 0), {})


def test_a_sweeper_between_release_and_removal_of_the_pending_settlement_writes_nothing(harness: Harness) -> None:
    hold = harness.admit()
    harness.now_ms += JOB_HOLD_SECONDS * 1000

    class SettledMeanwhile(FakePendingSettlements):
        def find(self, hold: Hold) -> PendingSettlement | None:
            harness.meter().settle_at(hold, DONE, harness.now_ms)
            return None

    harness.pending_settlements = SettledMeanwhile()
    assert harness.sweep().settled == []
    assert [price for _, price, _ in harness.rows] == [500]
    assert hold not in harness.holds


@pytest.mark.parametrize("calls", range(12))
def test_a_sweep_that_dies_at_any_call_is_finished_by_the_next(calls: int) -> None:
    harness = Harness()
    harness.job(harness.admit())
    harness.now_ms += 5 * HOUR_MS
    with suppress(Crash):
        harness.sweep(Dying(harness.client, calls))
    harness.sweep()
    assert [price for _, price, _ in harness.rows] == [500]
    assert (harness.months(), harness.holds, harness.audit()) == ((500, 0), [], [])


# ---------------------------------------------------------------- a hold that was given back
def given_back(harness: Harness) -> Job:
    """A job of which the sweeper knew nothing, and whose settlement comes all the same."""
    hold = harness.admit()
    harness.now_ms += 2 * HOUR_MS
    harness.sweep()
    assert (harness.months(), harness.holds) == ((0, 0), [])
    return harness.job(hold)


def test_a_settlement_that_finds_no_hold_charges_the_account_once(harness: Harness) -> None:
    job = given_back(harness)
    for _ in range(3):
        harness.settle(job)
        harness.now_ms += 5 * HOUR_MS
        harness.sweep()
    assert harness.months() == (500, 0)
    assert sorted(price for _, price, _ in harness.rows) == [0, 500]
    assert (harness.given_back, harness.audit()) == ([], [])


@pytest.mark.parametrize("calls", range(8))
def test_a_charge_without_a_hold_may_break_off_anywhere(calls: int) -> None:
    harness = Harness()
    job = given_back(harness)
    with suppress(Crash):
        harness.settle(job, Dying(harness.client, calls))
    assert harness.audit() == []
    harness.now_ms += HOUR_MS
    harness.settle(job)
    harness.settle(job)
    assert (harness.months(), harness.audit()) == ((500, 0), [])


@pytest.mark.parametrize("calls", range(4, 12))
def test_a_hold_that_was_given_back_by_a_sweep_that_died_is_charged_all_the_same(calls: int) -> None:
    harness = Harness()
    hold = harness.admit()
    harness.now_ms += 2 * HOUR_MS
    with suppress(Crash):
        harness.sweep(Dying(harness.client, calls))
    harness.sweep()
    assert (harness.months(), harness.holds) == ((0, 0), [])
    job = harness.job(hold)
    for _ in range(2):
        harness.settle(job)
    assert (harness.months(), harness.audit()) == ((500, 0), [])


def test_a_charge_without_a_hold_that_arrives_again_changes_nothing(harness: Harness) -> None:
    job = given_back(harness)
    network = Network(harness.client)
    network.slow = True
    harness.settle(job, network)
    network.arrive()
    assert (harness.months(), harness.audit()) == ((500, 0), [])


def test_a_hold_that_was_given_back_and_held_again_is_charged_once(harness: Harness) -> None:
    job = given_back(harness)
    assert job.hold is not None
    harness.admit(job.hold.admitted_ms)
    for _ in range(2):
        harness.settle(job)
    assert (harness.months(), harness.holds, harness.given_back) == ((500, 0), [], [])


def test_an_account_remembers_few_holds_that_were_given_back_and_none_for_long(harness: Harness) -> None:
    for number in range(30):
        harness.meter().admit(CALLER, replace(HELD, request_id=f"job_{number}"), at_ms=harness.now_ms)
    harness.now_ms += JOB_HOLD_SECONDS * 1000
    harness.sweep()
    assert (harness.months(), len(harness.given_back)) == ((0, 0), 20)
    harness.now_ms += 25 * HOUR_MS
    hold = harness.meter().admit(CALLER, HELD, at_ms=harness.now_ms).hold
    harness.now_ms += JOB_HOLD_SECONDS * 1000
    harness.sweep()
    assert harness.given_back == [hold]


# ---------------------------------------------------------------- late deliveries
def test_an_admission_of_a_job_that_arrives_after_another_process_has_settled_it_holds_nothing(
    harness: Harness,
) -> None:
    network = Network(harness.client)
    network.slow = True
    hold = harness.meter(network).admit(CALLER, HELD, at_ms=harness.now_ms).hold
    harness.now_ms += 10_000
    job = harness.job(hold)
    harness.settle(job)
    harness.now_ms += 60_000  # a patient client has sent it again and again
    assert network.arrive() == 0
    harness.settle(job)
    assert (harness.months(), harness.holds) == ((500, 0), [])


# ---------------------------------------------------------------- the audit
@pytest.mark.parametrize("in_use", [True, False])
def test_an_account_that_only_jobs_use_does_not_grow(harness: Harness, in_use: bool) -> None:
    before = len(harness.item)
    for number in range(200):
        work = replace(DONE, request_id=f"job_{number:03d}")
        hold = harness.meter().admit(CALLER, replace(HELD, request_id=work.request_id), at_ms=harness.now_ms).hold
        harness.settle(harness.job(hold, work))
        harness.now_ms += 1000
    if in_use:
        harness.admit()
    harness.now_ms += 600_000
    assert harness.sweep().failures == []
    assert len(harness.item) < before + MAX_STALE + 10


def test_the_audit_finds_the_row_of_a_job(harness: Harness) -> None:
    job = harness.job(harness.admit(), ended_ms=harness.now_ms + 60_000)
    with suppress(Crash):
        harness.settle(job, Dying(harness.client, 1))  # between row and release
    harness.now_ms += 120_000
    assert (harness.months(), harness.audit()) == ((900, 0), [])
    harness.jobs.kept.clear()  # deleted by its caller
    assert harness.audit() == []


def test_the_store_finds_the_job_of_a_hold(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb)
    store = JobStore(harness.client, TABLE)
    hold = harness.admit()
    assert store.of_hold(hold) is None
    job = Job("job_1", "default", KEY, "speech", "m", "queued", 0, 1, hold=hold)
    store.create(job)
    assert store.of_hold(hold) == HeldJob(None, None)  # although it has expired
    store.finish(job, "succeeded", at_ms=harness.now_ms, work=replace(DONE, endpoint="speech"))
    assert store.of_hold(hold) == HeldJob(harness.now_ms, replace(DONE, endpoint="speech"))
