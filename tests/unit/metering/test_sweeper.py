"""The sweeper: its rule, its repetitions, its cost."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from botocore.exceptions import ClientError

from audio_gateway.aws.table import Table
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import holds_from, new_account_item, usage_from
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import LedgerRow, row_from
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.open_accounts import LISTED, OpenAccounts, list_of
from audio_gateway.metering.pending_settlements import PendingSettlement
from audio_gateway.metering.sweeper import Sweeper, SweepReport
from audio_gateway.metering.work_outcomes import WorkOutcomes
from audio_gateway.usage.watermark import Watermark
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.meter import FakeHeldJobs, FakePendingSettlements
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.interleaving import Counting, Crash, Dying, TakingTurns
from tests.unit.metering.tables import TABLE, late_rows

pytestmark = pytest.mark.slow

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z
HOUR_MS = 3_600_000
LATENESS = AllowedLateness(hold_s=60, sweep_s=60)
DONE = MeteredRequest("r1", "speech", "spare", "characters", 10, 60, 20)


class Keys:
    """Removes nothing."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget_deleted(self, key_id: str) -> bool:
        self.forgotten.append(key_id)
        return True


class Harness(MeterHarness):
    """One key, somebody who serves it, and the sweeper some time later."""

    def __init__(self, client: Any) -> None:
        super().__init__(client, NOW_MS)
        self.pending_settlements = FakePendingSettlements()
        self.jobs = FakeHeldJobs()
        self.keys = Keys()
        self.meter = DynamoMeter(client, TABLE, hold_seconds=LATENESS.hold_s, now_ms=self.clock)
        self.open_account("key_1")

    def open_account(self, key_id: str, **changes: Any) -> None:
        listed = {LISTED: {"S": list_of(key_id)}}
        self.client.put_item(TableName=TABLE, Item=new_account_item(key_id, Limits()) | listed | changes)

    def admit(self, request_id: str = "r1", key_id: str = "key_1") -> Hold:
        work = MeteredRequest(request_id, "speech", "talker", "characters", 10, 100, 40)
        return self.meter.admit(Payer(key_id, "default"), work).hold

    def expire(self, seconds: int = 61) -> None:
        self.now_ms += seconds * 1000

    def sweep(self, client: Any = None, **options: Any) -> SweepReport:
        return self.sweeper(client or self.client).sweep(**options)

    def sweeper(self, client: Any) -> Sweeper:
        outcomes = WorkOutcomes(self.jobs, self.pending_settlements)
        return Sweeper(client, TABLE, self.keys, outcomes, late_rows(client, LATENESS, self.clock), now_ms=self.clock)

    def holds_of(self, key_id: str) -> list[Hold]:
        return holds_from(self.item_of(key_id))

    @property
    def committed(self) -> int:
        return usage_from(self.item, NOW_MS).committed_microusd

    @property
    def rows(self) -> list[LedgerRow]:
        items = self.client.scan(TableName=TABLE)["Items"]
        return [row_from(item) for item in items if item["pk"]["S"].startswith("LEDGER#")]

    @property
    def late_hours(self) -> set[int]:
        return set(Watermark(Table(self.client, TABLE)).read().late_hours)


@pytest.fixture
def harness() -> Harness:
    return Harness(FakeDynamoDB(page=20))


def findings(report: SweepReport) -> list[tuple[str, str]]:
    return [(each.finding, each.hold.work.request_id) for each in report.settled]


# ---------------------------------------------------------------- the rule
def test_a_hold_that_has_not_expired_is_left_alone(harness: Harness) -> None:
    harness.admit()
    harness.expire(59)
    assert findings(harness.sweep()) == []
    assert (len(harness.holds), harness.committed, harness.rows) == (1, 100, [])


def test_a_hold_whose_row_exists_is_released_with_the_price_of_the_row(harness: Harness) -> None:
    harness.meter.settle(harness.admit(), DONE, late=lambda: True)
    harness.expire()
    assert findings(harness.sweep()) == [("released", "r1")]
    assert (harness.holds, harness.committed) == ([], 60)
    assert [row.outcome for row in harness.rows] == ["answered"]


def test_the_hold_of_a_failed_request_is_given_back(harness: Harness) -> None:
    harness.meter.fail(harness.admit(), "spare", 20, late=lambda: True)
    harness.expire()
    assert findings(harness.sweep()) == [("released", "r1")]
    assert (harness.holds, harness.committed) == ([], 0)
    assert [(row.outcome, row.price_microusd, row.cost_microusd) for row in harness.rows] == [("failed", 0, 20)]


def test_a_hold_with_a_pending_settlement_is_charged_with_it(harness: Harness) -> None:
    harness.pending_settlements.keep(harness.admit(), DONE)
    harness.expire()
    assert findings(harness.sweep()) == [("swept", "r1")]
    (row,) = harness.rows
    assert (row.outcome, row.model, row.price_microusd, row.cost_microusd, row.at_ms) == (
        "swept", "spare", 60, 20, NOW_MS,
    )  # fmt: skip
    assert (harness.holds, harness.committed, harness.pending_settlements.kept) == ([], 60, {})


def test_a_hold_of_which_nothing_is_known_is_given_back_and_leaves_a_row_that_tells(harness: Harness) -> None:
    harness.admit()
    harness.expire()
    assert findings(harness.sweep()) == [("abandoned", "r1")]
    (row,) = harness.rows
    assert (row.outcome, row.amount, row.price_microusd, row.cost_microusd) == ("abandoned", 0, 0, 0)
    assert (row.held_amount, row.held_microusd, row.model) == (10, 100, "talker")
    assert (harness.holds, harness.committed) == ([], 0)


def test_a_month_that_has_passed_is_corrected_in_its_own_place(harness: Harness) -> None:
    harness.now_ms = 1_796_083_199_000  # 2026-11-30T23:59:59Z
    harness.admit()
    harness.expire()
    harness.sweep()
    assert (harness.item["m202611"], "m202612" in harness.item) == ({"N": "0"}, False)


# ---------------------------------------------------------------- again, at once, too late
def test_a_second_sweep_changes_and_reports_nothing(harness: Harness) -> None:
    harness.admit("r1")
    harness.pending_settlements.keep(harness.admit("r2"), dataclasses.replace(DONE, request_id="r2"))
    harness.expire()
    harness.sweep()
    before = (harness.item, harness.rows)
    assert findings(harness.sweep()) == []
    assert (harness.item, harness.rows) == before


def test_a_handler_that_settles_after_the_sweeper_changes_nothing(harness: Harness) -> None:
    hold = harness.admit()
    harness.expire()
    harness.sweep()
    harness.meter.settle(hold, DONE)
    assert (harness.committed, [row.outcome for row in harness.rows]) == (0, ["abandoned"])


def test_a_handler_that_settles_between_the_sweepers_writes_takes_the_price_of_the_row(harness: Harness) -> None:
    hold = harness.admit()
    harness.expire()
    # The sweeper has written its row, and dies before the release.
    with pytest.raises(Crash):
        harness.sweep(Dying(harness.client, 8))
    assert (harness.committed, [row.outcome for row in harness.rows]) == (100, ["abandoned"])
    harness.meter.settle(hold, DONE)
    assert (harness.committed, harness.holds, [row.price_microusd for row in harness.rows]) == (0, [], [0])


@pytest.mark.parametrize("pending_settlements", [True, False])
def test_wherever_sweepers_and_a_handler_meet_the_account_says_what_the_row_says(pending_settlements: bool) -> None:
    for turn in range(64):
        harness = Harness(FakeDynamoDB())
        hold = harness.admit()
        if pending_settlements:
            harness.pending_settlements.keep(hold, dataclasses.replace(DONE, price_microusd=70))
        harness.expire()
        processes: list[Any] = [
            harness.sweep,
            lambda client, hold=hold: DynamoMeter(client, TABLE).settle(hold, DONE),
            harness.sweep,
        ]
        TakingTurns(harness.client, processes, [turn >> 4 & 3, turn >> 2 & 3, turn & 3]).run()
        (row,) = harness.rows
        assert (harness.holds, harness.committed) == ([], row.price_microusd)


def test_a_sweep_that_dies_at_any_call_is_finished_by_the_next() -> None:
    for calls in range(12):
        harness = Harness(FakeDynamoDB())
        harness.pending_settlements.keep(harness.admit(), DONE)
        harness.expire(5_000)  # and late
        try:
            harness.sweep(Dying(harness.client, calls))
        except Crash:
            harness.sweep()
        assert [row.price_microusd for row in harness.rows] == [60]
        assert (harness.holds, harness.committed, harness.pending_settlements.kept) == ([], 60, {})


# ---------------------------------------------------------------- late
def test_a_sweep_in_time_marks_no_hour(harness: Harness) -> None:
    harness.admit()
    harness.expire(61 + 58)
    harness.sweep()
    assert harness.late_hours == set()


def test_a_row_that_comes_late_marks_its_hour(harness: Harness) -> None:
    harness.admit()
    harness.expire(61 + 61)
    harness.sweep()
    assert harness.late_hours == {NOW_MS}


def test_a_late_row_is_marked_also_if_only_the_release_was_missing(harness: Harness) -> None:
    harness.admit()
    harness.expire(3 * 3600)
    with pytest.raises(Crash):
        harness.sweep(Dying(harness.client, 9))  # four lists, accounts, account, row?, mark, row — and then it dies
    assert len(harness.rows) == 1
    Watermark(Table(harness.client, TABLE)).clear(Watermark(Table(harness.client, TABLE)).begin(), NOW_MS)  # a roll-up
    assert harness.late_hours == set()
    harness.sweep()
    assert (harness.holds, harness.late_hours) == ([], {NOW_MS})


# ---------------------------------------------------------------- what is wrong with one
def test_one_bad_account_does_not_stop_the_others(harness: Harness) -> None:
    harness.open_account("key_0", holds={"M": {"r0": {"S": "not a hold"}}})
    harness.open_account("key_2", limits={"S": "{}"})
    harness.admit("r1", "key_1")
    harness.admit("r2", "key_2")
    harness.expire()
    report = harness.sweep()
    assert sorted(findings(report)) == [("abandoned", "r1"), ("abandoned", "r2")]
    assert [failure.key_id for failure in report.failures] == ["key_0"]
    assert report.keys == 3


def test_a_hold_whose_pending_settlement_cannot_be_read_waits_and_the_account_s_others_do_not(harness: Harness) -> None:
    class Unreadable(FakePendingSettlements):
        def find(self, hold: Hold) -> PendingSettlement | None:
            if hold.work.request_id == "r1":
                raise MeteringUnavailable("The pending settlement cannot be read.")
            return super().find(hold)

    harness.pending_settlements = Unreadable()
    harness.admit("r1")
    harness.admit("r2")
    harness.expire()
    report = harness.sweep()
    assert findings(report) == [("abandoned", "r2")]
    assert [failure.key_id for failure in report.failures] == ["key_1"]
    assert [hold.work.request_id for hold in harness.holds] == ["r1"]


def test_keys_that_cannot_be_read_are_reported_and_nothing_is_raised(harness: Harness) -> None:
    class Throttled:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def batch_get_item(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "BatchGetItem")

    report = harness.sweep(Throttled(harness.client))
    assert [(failure.key_id, type(failure.error)) for failure in report.failures] == [(None, MeteringUnavailable)]


# ---------------------------------------------------------------- deleted keys
def test_a_deleted_key_is_forgotten_when_its_last_hold_has_ended(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb)
    directory = Directory(moto_dynamodb, TABLE)
    key_id = directory.api_keys.create(name="mine").record.id
    harness.keys = directory.api_keys  # type: ignore[assignment] # the real one
    harness.admit("r1", key_id)
    directory.api_keys.delete(key_id)
    harness.sweep()
    assert list(directory.api_keys.all_ids()) == [key_id]
    harness.expire()
    harness.sweep()
    assert harness.holds_of(key_id) == []
    harness.sweep()
    assert list(directory.api_keys.all_ids()) == []


def test_keys_that_are_not_deleted_stay(harness: Harness) -> None:
    for status in ("active", "disabled", "archived", "deleted"):
        harness.open_account(status, status={"S": status})
    harness.sweep()
    assert harness.keys.forgotten == ["deleted"]


# ---------------------------------------------------------------- the list
def listed(harness: Harness) -> set[str]:
    return set(OpenAccounts(harness.client, TABLE).key_ids())


def test_an_account_is_listed_by_its_admission_and_leaves_the_list_when_nothing_is_open_for_some_minutes(
    moto_dynamodb: Any,
) -> None:
    harness = Harness(moto_dynamodb)
    key_ids = [f"key_{number}" for number in range(10)]
    for key_id in key_ids:
        moto_dynamodb.put_item(TableName=TABLE, Item=new_account_item(key_id, Limits()))
    harness.sweep()
    assert listed(harness) == set()
    holds = [harness.admit(f"r{key_id}", key_id) for key_id in key_ids]
    for hold in holds[:5]:
        harness.meter.release(hold)
    harness.sweep()
    assert listed(harness) == set(key_ids)
    harness.expire(400)
    harness.sweep()
    assert listed(harness) == set(key_ids[5:])
    harness.sweep()
    assert listed(harness) == set()
    harness.admit("again", "key_3")
    assert listed(harness) == {"key_3"}


def test_an_account_with_an_open_hold_never_leaves_the_list(harness: Harness) -> None:
    """Also where it was opened after the sweeper had looked."""

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(harness.client, name)

        def update_item(self, **arguments: Any) -> Any:
            if arguments["UpdateExpression"].startswith("REMOVE listed_in"):
                harness.admit("r1")
            return harness.client.update_item(**arguments)

    harness.expire(400)
    harness.sweep(Meanwhile())
    assert (listed(harness), len(harness.holds)) == ({"key_1"}, 1)


def test_leaving_the_list_removes_obsolete_attributes(harness: Harness) -> None:
    guards = {f"late_{number}": {"N": "1"} for number in range(10)}
    harness.client.put_item(TableName=TABLE, Item=harness.item | guards)
    harness.sweep()
    assert not [name for name in harness.item if name.startswith(("late_", "listed"))]


# ---------------------------------------------------------------- time
def test_a_sweep_that_is_out_of_time_reports_the_rest_and_the_next_ones_do_it(harness: Harness) -> None:
    key_ids = [f"key_{number}" for number in range(30)]
    for key_id in key_ids:
        harness.open_account(key_id)
        harness.admit(f"r{key_id}", key_id)
    harness.expire()
    settled = 0
    for _ in range(30):
        asked = iter(range(1_000))
        report = harness.sweep(late=lambda asked=asked: next(asked) >= 20)
        assert report.keys + report.left == len(key_ids)
        settled += len(report.settled)
    assert (settled, sum(len(harness.holds_of(key_id)) for key_id in key_ids)) == (30, 0)


def test_many_holds_of_a_key_are_released_a_portion_at_a_time(harness: Harness) -> None:
    for number in range(45):
        harness.admit(f"r{number}")
    harness.expire()
    client = Counting(harness.client)
    assert len(harness.sweep(client).settled) == 45
    assert (client.calls["update_item"], harness.holds, harness.committed) == (3, [], 0)


# ---------------------------------------------------------------- cost
def test_a_sweep_costs_the_same_however_many_keys_have_nothing_open(harness: Harness) -> None:
    def cost() -> tuple[dict[str, int], int]:
        client = Counting(harness.client)
        harness.sweep(client)
        return dict(client.calls), client.items

    harness.admit()
    before = cost()
    for number in range(2, 500):
        harness.client.put_item(TableName=TABLE, Item=new_account_item(f"key_{number}", Limits()))
    assert before == cost() == ({"query": 4, "batch_get_item": 1}, 2)  # the list's entry, and the account


def test_accounts_are_read_for_half_a_unit_each(harness: Harness) -> None:
    asked: list[bool] = []

    class Listening:
        def __getattr__(self, name: str) -> Any:
            return getattr(harness.client, name)

        def batch_get_item(self, **arguments: Any) -> Any:
            asked.append(arguments["RequestItems"][TABLE]["ConsistentRead"])
            return harness.client.batch_get_item(**arguments)

    harness.sweep(Listening())
    assert asked == [False]


@pytest.mark.parametrize(
    ("seconds", "settled"), [(LATENESS.hold_s - 1, 0), (LATENESS.hold_s, 1), (LATENESS.hold_s + 1, 1)]
)
def test_a_hold_has_expired_when_its_last_second_begins(harness: Harness, seconds: int, settled: int) -> None:
    harness.admit("r1")
    harness.expire(seconds)
    assert len(harness.sweep().settled) == settled
