"""The laws of money under any interleaving of admissions, settlements, failures, crashes and changed limits."""

from __future__ import annotations

import os
from unittest import mock

import boto3
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from moto import mock_aws

from audio_gateway.errors import BudgetReached, RateLimitReached
from audio_gateway.metering.account import Caller, Hold, Work, month_of
from audio_gateway.metering.account_item import account_key, holds_from, new_account_item
from audio_gateway.metering.ledger import LedgerRow, row_for, row_from, row_item
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import DynamoMeter
from tests.unit.metering.tables import TABLE, create_table

START_MS = 1_796_083_140_000  # 2026-11-30T23:59:00Z: the month changes in mid-flight
CALLER = Caller("key_1", "default")
AWS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


class Money(RuleBasedStateMachine):
    """One key, two processes that serve it, and an operator who changes its limits."""

    open_holds = Bundle("open_holds")
    settled = Bundle("settled")

    @initialize()
    def start(self) -> None:
        self._environment = mock.patch.dict(os.environ, AWS)
        self._environment.start()
        self._aws = mock_aws()
        self._aws.start()
        self.client = boto3.client("dynamodb")
        create_table(self.client)
        self.client.put_item(TableName=TABLE, Item=new_account_item("key_1", Limits()))
        self.now_ms = START_MS
        self.meters = [DynamoMeter(self.client, TABLE, now_ms=lambda: self.now_ms) for _ in range(2)]
        self.limits = Limits()
        self.count = 0
        self.answered: dict[str, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "_aws"):
            self._aws.stop()
            self._environment.stop()

    @rule(target=open_holds, price=st.integers(0, 400), process=st.integers(0, 1))
    def admit(self, price: int, process: int) -> Hold | None:
        self.count += 1
        work = Work(f"req_{self.count}", "speech", "talker", "characters", 10, price, price // 3)
        month = month_of(self.now_ms)
        committed, running = self.committed(month), len(self.holds())
        budget, at_once = self.limits.monthly_budget_microusd, self.limits.concurrent_requests
        fits = (budget is None or committed + price <= budget) and (at_once is None or running < at_once)
        try:
            hold = self.meters[process].admit(CALLER, work).hold
        except (BudgetReached, RateLimitReached):
            assert not fits
            return None
        assert fits
        return hold

    @rule(target=settled, hold=consumes(open_holds), process=st.integers(0, 1), share=st.integers(0, 100))
    def settle(self, hold: Hold | None, process: int, share: int) -> tuple[Hold, Work] | None:
        if hold is None:
            return None
        work = self.done(hold, share)
        self.meters[process].settle(hold, work)
        self.answered[work.request_id] = work.price_microusd
        return hold, work

    @rule(hold=consumes(open_holds), process=st.integers(0, 1))
    def fail(self, hold: Hold | None, process: int) -> None:
        if hold is not None:
            self.meters[process].release(hold)

    @rule(target=settled, hold=consumes(open_holds), share=st.integers(0, 100))
    def crash_between_the_two_writes(self, hold: Hold | None, share: int) -> tuple[Hold, Work] | None:
        if hold is None:
            return None
        work = self.done(hold, share)
        self.client.put_item(TableName=TABLE, Item=row_item(row_for(hold, work, "answered")))
        self.answered[work.request_id] = work.price_microusd
        return hold, work

    @rule(done=settled, process=st.integers(0, 1))
    def settle_again(self, done: tuple[Hold, Work] | None, process: int) -> None:
        if done is not None:
            self.meters[process].settle(*done)

    @rule(budget=st.none() | st.integers(0, 1500), at_once=st.none() | st.integers(1, 4))
    def change_limits(self, budget: int | None, at_once: int | None) -> None:
        self.limits = Limits(monthly_budget_microusd=budget, concurrent_requests=at_once)
        item = self.item()
        version = int(item["version"]["N"]) + 1
        changed = new_account_item("key_1", self.limits)["limits"]
        self.client.put_item(TableName=TABLE, Item=item | {"limits": changed, "version": {"N": str(version)}})

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    @invariant()
    def what_is_committed_is_what_is_spent_and_held(self) -> None:
        if not hasattr(self, "client"):
            return
        rows = self.rows()
        settled = {row.request_id for row in rows}
        months = {month_of(row.at_ms) for row in rows} | {hold.month for hold in self.holds()}
        for month in months:
            spent = sum(r.price_microusd for r in rows if month_of(r.at_ms) == month and not self.is_held(r))
            held = sum(h.work.price_microusd for h in self.holds() if h.month == month)
            assert self.committed(month) == spent + held
        assert len(settled) == len(rows)

    @invariant()
    def every_answer_has_one_row_with_its_price_and_nothing_else_has(self) -> None:
        if hasattr(self, "client"):
            assert {row.request_id: row.price_microusd for row in self.rows()} == self.answered

    def done(self, hold: Hold, share: int) -> Work:
        """The work as it was done: by a fallback that may be cheaper."""
        work = hold.work
        price = work.price_microusd * share // 100
        return Work(work.request_id, work.endpoint, "spare", work.unit, work.amount, price, 0)

    def item(self) -> dict[str, object]:
        found: dict[str, object] = self.client.get_item(TableName=TABLE, Key=account_key("key_1"))["Item"]
        return found

    def holds(self) -> list[Hold]:
        return holds_from(self.item())

    def is_held(self, row: LedgerRow) -> bool:
        return any(hold.work.request_id == row.request_id for hold in self.holds())

    def committed(self, month: str) -> int:
        value = self.item().get(f"m{month}", {"N": "0"})
        return int(value["N"])  # type: ignore[index] # DynamoDB's own form of a number

    def rows(self) -> list[LedgerRow]:
        items = self.client.scan(TableName=TABLE)["Items"]
        return [row_from(item) for item in items if item["pk"]["S"].startswith("LEDGER#")]


TestMoney = Money.TestCase
TestMoney.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
