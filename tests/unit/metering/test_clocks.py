"""Processes whose clocks differ, and requests that begin in one month and end in the next."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest

from audio_gateway.errors import BudgetReached, RateLimitReached
from audio_gateway.metering.account import Hold, MeteredRequest, Payer, minute_of, month_of
from audio_gateway.metering.meter import DynamoMeter
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.tables import TABLE

NEW_YEAR_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z
NOON_MS = 1_795_262_400_000  # 2026-11-21T12:00:00Z
PRICE = 100
NUMBERS = count(1)


class Harness(MeterHarness):
    """Two processes and one account; `skew_ms` is how far the second one's clock is ahead."""

    def __init__(self, client: Any, *, now_ms: int, skew_ms: int = 0, **limits: Any) -> None:
        super().__init__(client, now_ms, f"key_{next(NUMBERS)}")
        self.limit(**limits)
        clocks = (self.clock, lambda: self.now_ms + skew_ms)
        self.meters = [DynamoMeter(client, TABLE, now_ms=clock) for clock in clocks]

    def admit(self, process: int, request_id: str) -> Hold:
        work = MeteredRequest(request_id, "speech", "talker", "characters", 10, PRICE, PRICE)
        return self.meters[process].admit(Payer(self.key_id, "default"), work).hold

    def settle(self, process: int, hold: Hold) -> None:
        self.meters[process].settle(hold, hold.work)


def test_a_request_belongs_to_the_month_in_which_it_was_admitted(dynamodb: Any) -> None:
    harness = Harness(dynamodb, now_ms=NEW_YEAR_MS - 100, monthly_budget_microusd=PRICE)
    hold = harness.admit(0, "old")
    harness.now_ms = NEW_YEAR_MS + 5_000
    new = harness.admit(0, "new")  # the old one takes nothing of the new month's budget
    harness.settle(1, hold)
    harness.settle(1, new)
    assert {row.request_id: month_of(row.at_ms) for row in harness.rows} == {"old": "202612", "new": "202701"}
    assert (harness.number("m202612"), harness.number("m202701")) == (PRICE, PRICE)
    with pytest.raises(BudgetReached):
        harness.admit(0, "one too many")


def test_a_failure_after_the_turn_of_the_month_gives_back_to_the_old_one(dynamodb: Any) -> None:
    harness = Harness(dynamodb, now_ms=NEW_YEAR_MS - 100)
    hold = harness.admit(0, "old")
    harness.now_ms = NEW_YEAR_MS + 5_000
    harness.meters[1].release(hold)
    assert (harness.number("m202612"), harness.number("m202701")) == (0, 0)


def test_processes_that_do_not_agree_on_the_month_keep_both_budgets(dynamodb: Any) -> None:
    harness = Harness(dynamodb, now_ms=NEW_YEAR_MS - 10_000, skew_ms=20_000, monthly_budget_microusd=3 * PRICE)
    admitted = 0
    for number in range(10):
        try:
            harness.settle(number % 2, harness.admit(number % 2, f"r{number}"))
            admitted += 1
        except BudgetReached:
            continue
    assert admitted == 6
    assert (harness.number("m202612"), harness.number("m202701")) == (3 * PRICE, 3 * PRICE)
    months = [month_of(row.at_ms) for row in harness.rows]
    assert sorted(months) == ["202612"] * 3 + ["202701"] * 3


@pytest.mark.parametrize("skew_ms", [-600_000, -59_000, 59_000, 600_000])
def test_whoever_settles_writes_the_same_row_and_releases_the_same_hold(dynamodb: Any, skew_ms: int) -> None:
    harness = Harness(dynamodb, now_ms=NOON_MS, skew_ms=skew_ms)
    hold = harness.admit(0, "r1")
    for process in (1, 0, 1):
        harness.settle(process, hold)
    assert [row.at_ms for row in harness.rows] == [NOON_MS]
    assert (harness.number("m202611"), harness.holds) == (PRICE, [])


@pytest.mark.parametrize("skew_s", [-59, -30, 30, 59])
def test_clocks_less_than_a_minute_apart_keep_the_limit_of_each_minute(dynamodb: Any, skew_s: int) -> None:
    harness = Harness(dynamodb, now_ms=NOON_MS, skew_ms=skew_s * 1000, requests_per_minute=3)
    admitted: Counter[int] = Counter()
    for number in range(60):
        harness.now_ms += 2_500
        try:
            hold = harness.admit(number % 2, f"r{number}")
        except RateLimitReached:
            continue
        admitted[minute_of(hold.admitted_ms)] += 1
        harness.settle(1 - number % 2, hold)
    assert len(admitted) >= 3
    assert max(admitted.values()) == 3
