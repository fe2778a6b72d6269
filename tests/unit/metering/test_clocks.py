"""Processes whose clocks differ, and requests that begin in one month and end in the next."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest

from audio_gateway.errors import BudgetReached, RateLimitReached
from audio_gateway.metering.account import Hold, MeteredRequest, Payer, minute_of, month_of
from audio_gateway.metering.account_item import account_key, holds_from, new_account_item
from audio_gateway.metering.ledger import LedgerRow, row_from
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import DynamoMeter
from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["dynamodb"]

NEW_YEAR_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z
NOON_MS = 1_795_262_400_000  # 2026-11-21T12:00:00Z
PRICE = 100
NUMBERS = count(1)


class Bench:
    """Two processes and one account; `skew_ms` is how far the second one's clock is ahead."""

    def __init__(self, client: Any, *, now_ms: int, skew_ms: int = 0, **limits: Any) -> None:
        self.client = client
        self.now_ms = now_ms
        self.key_id = f"key_{next(NUMBERS)}"
        client.put_item(TableName=TABLE, Item=new_account_item(self.key_id, Limits(**limits)))
        clocks = (lambda: self.now_ms, lambda: self.now_ms + skew_ms)
        self.meters = [DynamoMeter(client, TABLE, now_ms=clock) for clock in clocks]

    def admit(self, process: int, request_id: str) -> Hold:
        work = MeteredRequest(request_id, "speech", "talker", "characters", 10, PRICE, PRICE)
        return self.meters[process].admit(Payer(self.key_id, "default"), work).hold

    def settle(self, process: int, hold: Hold) -> None:
        self.meters[process].settle(hold, hold.work)

    @property
    def item(self) -> dict[str, Any]:
        return dict(self.client.get_item(TableName=TABLE, Key=account_key(self.key_id), ConsistentRead=True)["Item"])

    @property
    def rows(self) -> list[LedgerRow]:
        items = self.client.scan(TableName=TABLE)["Items"]
        rows = [row_from(item) for item in items if item["pk"]["S"].startswith("LEDGER#")]
        return [row for row in rows if row.key_id == self.key_id]

    def committed(self, month: str) -> int:
        return int(self.item.get(f"m{month}", {"N": "0"})["N"])


def test_a_request_belongs_to_the_month_in_which_it_was_admitted(dynamodb: Any) -> None:
    bench = Bench(dynamodb, now_ms=NEW_YEAR_MS - 100, monthly_budget_microusd=PRICE)
    hold = bench.admit(0, "old")
    bench.now_ms = NEW_YEAR_MS + 5_000
    new = bench.admit(0, "new")  # the old one takes nothing of the new month's budget
    bench.settle(1, hold)
    bench.settle(1, new)
    assert {row.request_id: month_of(row.at_ms) for row in bench.rows} == {"old": "202612", "new": "202701"}
    assert (bench.committed("202612"), bench.committed("202701")) == (PRICE, PRICE)
    with pytest.raises(BudgetReached):
        bench.admit(0, "one too many")


def test_a_failure_after_the_turn_of_the_month_gives_back_to_the_old_one(dynamodb: Any) -> None:
    bench = Bench(dynamodb, now_ms=NEW_YEAR_MS - 100)
    hold = bench.admit(0, "old")
    bench.now_ms = NEW_YEAR_MS + 5_000
    bench.meters[1].release(hold)
    assert (bench.committed("202612"), bench.committed("202701")) == (0, 0)


def test_processes_that_do_not_agree_on_the_month_keep_both_budgets(dynamodb: Any) -> None:
    bench = Bench(dynamodb, now_ms=NEW_YEAR_MS - 10_000, skew_ms=20_000, monthly_budget_microusd=3 * PRICE)
    admitted = 0
    for number in range(10):
        try:
            bench.settle(number % 2, bench.admit(number % 2, f"r{number}"))
            admitted += 1
        except BudgetReached:
            continue
    assert admitted == 6
    assert (bench.committed("202612"), bench.committed("202701")) == (3 * PRICE, 3 * PRICE)
    months = [month_of(row.at_ms) for row in bench.rows]
    assert sorted(months) == ["202612"] * 3 + ["202701"] * 3


@pytest.mark.parametrize("skew_ms", [-600_000, -59_000, 59_000, 600_000])
def test_every_process_that_settles_writes_the_same_row_and_releases_the_same_hold(dynamodb: Any, skew_ms: int) -> None:
    bench = Bench(dynamodb, now_ms=NOON_MS, skew_ms=skew_ms)
    hold = bench.admit(0, "r1")
    for process in (1, 0, 1):
        bench.settle(process, hold)
    assert [row.at_ms for row in bench.rows] == [NOON_MS]
    assert (bench.committed("202611"), holds_from(bench.item)) == (PRICE, [])


@pytest.mark.parametrize("skew_s", [-59, -30, 30, 59])
def test_clocks_less_than_a_minute_apart_keep_the_limit_of_each_minute(dynamodb: Any, skew_s: int) -> None:
    bench = Bench(dynamodb, now_ms=NOON_MS, skew_ms=skew_s * 1000, requests_per_minute=3)
    admitted: Counter[int] = Counter()
    for number in range(60):
        bench.now_ms += 2_500
        try:
            hold = bench.admit(number % 2, f"r{number}")
        except RateLimitReached:
            continue
        admitted[minute_of(hold.admitted_ms)] += 1
        bench.settle(1 - number % 2, hold)
    assert len(admitted) >= 3
    assert max(admitted.values()) == 3
