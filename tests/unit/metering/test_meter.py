"""The meter against DynamoDB (moto): every limit, every refusal, every repetition."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from audio_gateway.errors import (
    AlreadyRunning,
    BudgetReached,
    MeteringUnavailable,
    PermissionDenied,
    RateLimitReached,
    TooMuchAtOnce,
)
from audio_gateway.metering.account import MeteredRequest, Payer, Window
from audio_gateway.metering.account_item import usage_from
from audio_gateway.metering.meter import DynamoMeter
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.dynamodb_limits import item_size
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.tables import TABLE

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z, the start of a minute
CALLER = Payer("key_1", "default")


class Harness(MeterHarness):
    """A meter, and what is in the table."""

    def __init__(self, client: Any) -> None:
        super().__init__(client, NOW_MS)
        self.meter = self.new_meter()

    def new_meter(self) -> DynamoMeter:
        return DynamoMeter(self.client, TABLE, now_ms=self.clock)


@pytest.fixture
def harness(moto_dynamodb: Any) -> Harness:
    harness = Harness(moto_dynamodb)
    harness.limit()
    return harness


def work(request_id: str = "r1", *, price: int = 100, amount: int = 10, unit: Any = "characters") -> MeteredRequest:
    return MeteredRequest(request_id, "speech", "talker", unit, amount, price, price // 2)


def test_a_request_holds_its_price_and_settles_into_one_row(harness: Harness) -> None:
    admission = harness.meter.admit(CALLER, work())
    assert (harness.committed, len(harness.holds)) == (100, 1)
    assert admission.windows == {}
    harness.meter.settle(admission.hold, work())
    assert (harness.committed, harness.holds) == (100, [])
    row = harness.rows[0]
    assert (row.at_ms, row.request_id, row.key_id, row.project_id) == (NOW_MS, "r1", "key_1", "default")
    assert (row.unit, row.amount, row.price_microusd, row.cost_microusd, row.outcome) == (
        "characters", 10, 100, 50, "answered",
    )  # fmt: skip


def test_a_cheaper_model_that_served_gives_the_difference_back(harness: Harness) -> None:
    admission = harness.meter.admit(CALLER, work(price=100))
    harness.meter.settle(admission.hold, dataclasses.replace(work(), model="spare", price_microusd=30))
    assert (harness.committed, harness.rows[0].price_microusd) == (30, 30)


def test_a_failure_gives_all_back_and_leaves_no_row(harness: Harness) -> None:
    admission = harness.meter.admit(CALLER, work())
    harness.meter.release(admission.hold)
    assert (harness.committed, harness.holds, harness.rows) == (0, [], [])


def test_settling_and_releasing_may_be_repeated_in_any_order(harness: Harness) -> None:
    hold = harness.meter.admit(CALLER, work()).hold
    for _ in range(3):
        harness.meter.settle(hold, work())
        harness.meter.release(hold)
    assert (harness.committed, len(harness.rows)) == (100, 1)


@pytest.mark.parametrize("first", ["fail", "settle"])
def test_a_failed_request_has_one_row_and_the_first_one_counts(harness: Harness, first: str) -> None:
    hold = harness.meter.admit(CALLER, work()).hold
    for what in (first, "fail", "settle"):
        if what == "fail":
            harness.meter.fail(hold, "spare", 7)
        else:
            harness.meter.settle(hold, work())
    (row,) = harness.rows
    assert (row.outcome, row.price_microusd, row.cost_microusd, row.held_amount) == (
        ("failed", 0, 7, 10) if first == "fail" else ("answered", 100, 50, 0)
    )
    assert (harness.committed, harness.holds) == (row.price_microusd, [])


LIMITS = [
    ({"requests_per_minute": 2}, {}, "requests_per_minute"),
    ({"concurrent_requests": 2}, {}, "concurrent_requests"),
    ({"characters_per_minute": 25}, {}, "characters_per_minute"),
    ({"audio_ms_per_minute": 2500}, {"unit": "audio_ms", "amount": 1000}, "audio_seconds_per_minute"),
]


@pytest.mark.parametrize(("limits", "changes", "name"), LIMITS)
def test_the_third_request_reaches_the_limit_and_says_which_and_when(
    harness: Harness, limits: dict[str, int], changes: dict[str, Any], name: str
) -> None:
    harness.limit(**limits)
    harness.now_ms += 15_500
    for number in range(2):
        harness.meter.admit(CALLER, work(f"r{number}", **changes))
    with pytest.raises(RateLimitReached) as caught:
        harness.meter.admit(CALLER, work("r2", **changes))
    assert caught.value.limit == name
    assert caught.value.retry_after_s == (1 if name == "concurrent_requests" else 45)
    assert len(harness.holds) == 2


@pytest.mark.parametrize("at_once", [None, 1_000])
def test_at_most_three_hundred_requests_and_jobs_are_open(at_once: int | None) -> None:
    harness = Harness(FakeDynamoDB())
    harness.limit(concurrent_requests=at_once)
    holds = [harness.meter.admit(CALLER, work(f"r{number}")).hold for number in range(300)]
    with pytest.raises(RateLimitReached, match="300 requests and jobs of the key are open") as caught:
        harness.meter.admit(CALLER, work("one more"))
    assert (caught.value.limit, caught.value.retry_after_s) == ("concurrent_requests", 1)
    assert item_size(harness.item) < 60_000
    harness.meter.release(holds[0])
    harness.meter.admit(CALLER, work("one more"))


def test_a_request_delivered_again_after_its_end_is_refused_as_such(harness: Harness) -> None:
    hold = harness.meter.admit(CALLER, work("r1")).hold
    harness.meter.release(hold)
    harness.client.put_item(TableName=TABLE, Item=harness.item | {"late_r1": {"N": str(NOW_MS)}})
    with pytest.raises(AlreadyRunning):
        harness.meter.admit(CALLER, work("r1"))


def test_a_refusal_that_nothing_explains_is_worth_another_try(harness: Harness) -> None:
    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(harness.client, name)

        def update_item(self, **arguments: Any) -> Any:
            condition = arguments["ConditionExpression"] + " AND attribute_not_exists(pk)"
            return harness.client.update_item(**arguments | {"ConditionExpression": condition})

    with pytest.raises(MeteringUnavailable):
        DynamoMeter(Refusing(), TABLE, now_ms=harness.clock).admit(CALLER, work("r1"))  # type: ignore[arg-type] # stands in


def test_the_next_minute_starts_at_zero_and_old_windows_are_removed(harness: Harness) -> None:
    harness.limit(requests_per_minute=1)
    for minute in range(6):
        harness.now_ms = NOW_MS + minute * 60_000
        hold = harness.meter.admit(CALLER, work(f"r{minute}")).hold
        harness.meter.settle(hold, work(f"r{minute}"))
    windows = [name for name in harness.item if name[0] == "r" and name[1:].isdigit()]
    assert len(windows) <= 2


def test_windows_of_long_ago_are_removed_too(harness: Harness) -> None:
    harness.meter.release(harness.meter.admit(CALLER, work("r1")).hold)
    harness.now_ms += 3_600_000
    harness.meter.release(harness.meter.admit(CALLER, work("r2")).hold)
    assert len([name for name in harness.item if name[0] == "c" and name[1:].isdigit()]) == 1


def test_a_budget_admits_exactly_what_it_pays_for(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=250)
    harness.meter.settle(harness.meter.admit(CALLER, work("r1")).hold, work("r1"))
    harness.meter.admit(CALLER, work("r2"))
    with pytest.raises(BudgetReached) as caught:
        harness.meter.admit(CALLER, work("r3"))
    assert (caught.value.limit, caught.value.code) == ("monthly_budget_usd", "insufficient_quota")
    assert "$0.0001" in caught.value.message
    harness.meter.admit(CALLER, work("r4", price=50))
    assert harness.committed == 250


def test_free_work_is_admitted_with_an_exhausted_budget(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=100)
    harness.meter.admit(CALLER, work("r1"))
    harness.meter.admit(CALLER, work("r2", price=0))
    assert harness.committed == 100


def test_a_price_above_the_whole_budget_is_refused_immediately(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=99)
    with pytest.raises(BudgetReached):
        harness.meter.admit(CALLER, work())


def test_a_new_month_has_a_new_budget_and_settles_the_old_one_in_its_place(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=100)
    harness.now_ms = 1_796_083_199_000  # 2026-11-30T23:59:59Z
    hold = harness.meter.admit(CALLER, work("r1")).hold
    harness.now_ms += 2_000
    harness.meter.admit(CALLER, work("r2"))
    harness.meter.release(hold)
    assert (harness.item["m202611"]["N"], harness.item["m202612"]["N"]) == ("0", "100")


def test_a_limit_lowered_below_the_usage_refuses_immediately_and_breaks_nothing(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=1000)
    hold = harness.meter.admit(CALLER, work("r1", price=500)).hold
    harness.limit(monthly_budget_microusd=200)
    with pytest.raises(BudgetReached):
        harness.meter.admit(CALLER, work("r2", price=1))
    harness.meter.settle(hold, work("r1", price=500))
    assert harness.committed == 500


def test_raised_limits_apply_immediately_to_a_process_that_remembers_the_old_ones(harness: Harness) -> None:
    harness.limit(requests_per_minute=1)
    harness.meter.admit(CALLER, work("r1"))
    harness.limit()
    harness.meter.admit(CALLER, work("r2"))
    assert usage_from(harness.item, NOW_MS).requests == 2


@pytest.mark.parametrize("status", ["disabled", "deleted"])
def test_a_disabled_key_is_refused_immediately_whatever_the_authorizer_remembers(harness: Harness, status: str) -> None:
    harness.meter.admit(CALLER, work("r1"))
    harness.client.put_item(TableName=TABLE, Item=harness.item | {"status": {"S": status}, "version": {"N": "9"}})
    for _ in range(2):
        with pytest.raises(PermissionDenied, match=status):
            harness.meter.admit(CALLER, work("r2"))
    assert len(harness.holds) == 1


def test_a_key_without_an_account_is_refused(harness: Harness) -> None:
    with pytest.raises(PermissionDenied):
        harness.meter.admit(Payer("key_unknown", "default"), work())


def test_a_key_for_some_models_or_some_time_only_is_refused_for_the_rest(harness: Harness) -> None:
    harness.limit(models=("other",))
    with pytest.raises(PermissionDenied, match="other"):
        harness.meter.admit(CALLER, work())
    harness.limit(expires_at=NOW_MS // 1000)
    with pytest.raises(PermissionDenied, match="expired"):
        harness.meter.admit(CALLER, work())
    assert harness.holds == []


class Failing:
    """A DynamoDB client whose calls fail before or after they took effect."""

    def __init__(self, client: Any, *, after: bool, error: Exception) -> None:
        self._client, self._after, self._error = client, after, error
        self.on: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            if name not in self.on:
                return real(**arguments)
            if self._after:
                real(**arguments)
            raise self._error

        return call


ERRORS = [
    ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "UpdateItem"),
    ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem"),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
]


@pytest.mark.parametrize("error", ERRORS, ids=["throttled", "failed", "timed out"])
@pytest.mark.parametrize("after", [False, True])
def test_an_admission_that_cannot_be_written_is_refused_and_can_be_released(
    harness: Harness, error: Exception, after: bool
) -> None:
    failing = Failing(harness.client, after=after, error=error)
    meter = DynamoMeter(failing, TABLE, now_ms=harness.clock)  # type: ignore[arg-type] # it stands in for the client
    failing.on = {"update_item"}
    with pytest.raises(MeteringUnavailable):
        meter.admit(CALLER, work())


def test_an_admission_repeated_by_the_client_library_after_it_took_effect_counts_once(harness: Harness) -> None:
    first = harness.meter.admit(CALLER, work())
    again = harness.meter.admit(CALLER, work())
    assert again.hold == first.hold
    used = usage_from(harness.item, NOW_MS)
    assert (used.committed_microusd, used.requests, used.open_holds) == (100, 1, 1)


def test_a_request_delivered_twice_runs_once(harness: Harness) -> None:
    harness.meter.admit(CALLER, work())
    harness.now_ms += 5
    with pytest.raises(AlreadyRunning):
        harness.new_meter().admit(CALLER, work())
    used = usage_from(harness.item, NOW_MS)
    assert (used.committed_microusd, used.requests, used.open_holds) == (100, 1, 1)


def test_an_admission_says_what_is_left_of_the_minute(harness: Harness) -> None:
    harness.limit(requests_per_minute=3, characters_per_minute=25)
    harness.now_ms += 18_000
    harness.meter.admit(CALLER, work("r1"))
    assert harness.meter.admit(CALLER, work("r2")).windows == {
        "requests": Window(3, 1, 42),
        "characters": Window(25, 5, 42),
    }
    with pytest.raises(RateLimitReached) as caught:
        harness.meter.admit(CALLER, work("r3"))
    assert caught.value.windows["characters"] == Window(25, 5, 42)


def test_a_request_over_the_limit_of_a_whole_minute_reads_that_waiting_does_not_help(harness: Harness) -> None:
    harness.limit(characters_per_minute=9)
    with pytest.raises(TooMuchAtOnce, match="9 characters per minute; this request alone needs 10"):
        harness.meter.admit(CALLER, work())
    assert harness.holds == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", ["put_item", "update_item"])
def test_a_settlement_interrupted_anywhere_can_be_repeated(harness: Harness, call: str, after: bool) -> None:
    hold = harness.meter.admit(CALLER, work()).hold
    failing = Failing(harness.client, after=after, error=ERRORS[1])
    failing.on = {call}
    meter = DynamoMeter(failing, TABLE, now_ms=harness.clock)  # type: ignore[arg-type] # it stands in for the client
    if call == "put_item":
        with pytest.raises(MeteringUnavailable):
            meter.settle(hold, work())
    else:  # the row is there: that is settled, and the sweeper releases the hold
        meter.settle(hold, work())
        assert len(harness.rows) == 1
    harness.meter.settle(hold, work())
    assert (harness.committed, len(harness.rows), harness.holds) == (100, 1, [])


def test_no_time_left_after_the_row_leaves_the_release_to_the_sweeper(harness: Harness) -> None:
    hold = harness.meter.admit(CALLER, work()).hold
    harness.meter.settle(hold, work(), late=lambda: True)
    assert (len(harness.rows), harness.holds) == (1, [hold])


def test_free_failures_cost_the_operator_no_more_than_the_budget(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=120)
    for number in range(3):  # of 50 each: two are not yet the budget
        harness.meter.fail(harness.meter.admit(CALLER, work(f"r{number}")).hold, "talker", 50)
    with pytest.raises(BudgetReached, match=r"the key's whole budget of \$0\.00012 for 2026-11") as refused:
        harness.meter.admit(CALLER, work("r9", price=0))
    assert (refused.value.limit, harness.committed) == ("monthly_budget_usd", 0)
    harness.limit(monthly_budget_microusd=151)
    harness.meter.admit(CALLER, work("r9"))


def test_a_new_month_forgets_the_failures_of_the_last(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=100)
    harness.meter.fail(harness.meter.admit(CALLER, work()).hold, "talker", 500)
    harness.now_ms += 10 * 86_400_000
    harness.meter.admit(CALLER, work("r2"))


def test_a_key_without_a_budget_may_fail_at_any_cost(harness: Harness) -> None:
    harness.meter.fail(harness.meter.admit(CALLER, work()).hold, "talker", 10**9)
    harness.meter.admit(CALLER, work("r2"))


def test_the_cost_of_failed_attempts_counts_although_a_fallback_answers(harness: Harness) -> None:
    harness.limit(monthly_budget_microusd=100)
    hold = harness.meter.admit(CALLER, work(price=0)).hold
    harness.meter.settle(hold, dataclasses.replace(hold.work, cost_microusd=130, unbilled_cost_microusd=100))
    with pytest.raises(BudgetReached):
        harness.meter.admit(CALLER, work("r2", price=0))


def test_a_failure_that_is_released_twice_counts_once(harness: Harness) -> None:
    hold = harness.meter.admit(CALLER, work()).hold
    for _ in range(2):
        harness.meter.fail(hold, "talker", 50)
    assert usage_from(harness.item, NOW_MS).unbilled_cost_microusd == 50
