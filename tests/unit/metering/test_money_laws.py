"""The laws of money under any interleaving of admissions, settlements, failures, crashes, sweeps and changed limits."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from audio_gateway.errors import BudgetReached, RateLimitReached
from audio_gateway.metering.account import UNPAID, Caller, Hold, Work, month_of
from audio_gateway.metering.account_item import account_key, holds_from, new_account_item
from audio_gateway.metering.endings import Endings
from audio_gateway.metering.lag import Lag
from audio_gateway.metering.ledger import LedgerRow, row_for, row_from, row_item
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import HOLD_SECONDS, DynamoMeter
from audio_gateway.metering.open_accounts import LISTED
from audio_gateway.metering.sweeper import Sweeper
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.meter import FakeHeldJobs, FakeUnsettled
from tests.unit.metering.interleaving import Crash, Dying
from tests.unit.metering.tables import TABLE

START_MS = 1_796_083_140_000  # 2026-11-30T23:59:00Z: the month changes in mid-flight
CALLER = Caller("key_1", "default")


class OneKey:
    """A directory with the account of this test."""

    def forget_deleted(self, key_id: str) -> bool:
        raise AssertionError(f"{key_id} is not deleted")


class Money(RuleBasedStateMachine):
    """One key, two processes that serve it, a sweeper, and an operator who changes its limits."""

    open_holds = Bundle("open_holds")
    settled = Bundle("settled")

    @initialize()
    def start(self) -> None:
        self.client: Any = FakeDynamoDB()
        self.client.put_item(TableName=TABLE, Item=new_account_item("key_1", Limits()))
        self.now_ms = START_MS
        self.meters = [DynamoMeter(self.client, TABLE, now_ms=lambda: self.now_ms) for _ in range(2)]
        self.limits = Limits()
        self.count = 0
        self.answered: dict[str, int] = {}
        self.unsettled = FakeUnsettled()
        self.abandoned: set[str] = set()
        self.failed: dict[str, int] = {}

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
        if work.request_id not in self.abandoned:  # a process that comes back after the sweeper is too late
            self.answered[work.request_id] = work.price_microusd
        return hold, work

    @rule(hold=consumes(open_holds), process=st.integers(0, 1))
    def fail(self, hold: Hold | None, process: int) -> None:
        if hold is not None:
            self.meters[process].release(hold)

    @rule(hold=consumes(open_holds), process=st.integers(0, 1), cost=st.integers(1, 50), late=st.booleans())
    def fail_in_vain(self, hold: Hold | None, process: int, cost: int, late: bool) -> None:
        """A provider has worked for it; there may be no time for the release."""
        if hold is not None:
            self.meters[process].fail(hold, "spare", cost, late=lambda: late)
            if hold.work.request_id not in self.abandoned:
                self.failed[hold.work.request_id] = cost

    @rule(target=settled, hold=consumes(open_holds), share=st.integers(0, 100))
    def crash_between_the_two_writes(self, hold: Hold | None, share: int) -> tuple[Hold, Work] | None:
        if hold is None:
            return None
        work = self.done(hold, share)
        if work.request_id not in self.abandoned:
            self.client.put_item(TableName=TABLE, Item=row_item(row_for(hold, work, "answered")))
            self.answered[work.request_id] = work.price_microusd
        return hold, work

    @rule(hold=consumes(open_holds))
    def crash_without_a_word(self, hold: Hold | None) -> None:
        """Nothing is written, and nobody comes back."""

    @rule(hold=consumes(open_holds), share=st.integers(0, 100))
    def answer_and_leave_evidence(self, hold: Hold | None, share: int) -> None:
        if hold is not None and hold.work.request_id not in self.abandoned:
            self.unsettled.keep(hold, self.done(hold, share))

    @rule()
    def sweep(self) -> None:
        self.sweep_with(self.client)
        now_s = self.now_ms // 1000
        assert not [hold for hold in self.holds() if hold.expires_s <= now_s]

    @rule(calls=st.integers(0, 12))
    def sweep_and_crash(self, calls: int) -> None:
        self.sweep_with(Dying(self.client, calls))

    @rule(seconds=st.integers(HOLD_SECONDS - 30, HOLD_SECONDS * 2))
    def wait_until_holds_expire(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

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
    def the_laws_hold(self) -> None:
        if hasattr(self, "client"):
            item, rows = self.item(), self.rows()
            holds = {hold.work.request_id: hold for hold in holds_from(item)}
            assert not holds or LISTED in item  # or the sweeper would not find them
            self.what_is_committed_is_what_is_spent_and_held(item, rows, holds)
            self.every_answer_has_one_row_with_its_price_and_nothing_else_has(rows)
            self.an_abandoned_request_was_not_answered_and_costs_nothing(rows)
            assert set(self.unsettled.kept) <= set(holds)  # evidence goes before its hold does

    def what_is_committed_is_what_is_spent_and_held(
        self, item: dict[str, Any], rows: list[LedgerRow], holds: dict[str, Hold]
    ) -> None:
        months = {month_of(row.at_ms) for row in rows} | {hold.month for hold in holds.values()}
        for month in months:
            spent = sum(r.price_microusd for r in rows if month_of(r.at_ms) == month and r.request_id not in holds)
            held = sum(hold.work.price_microusd for hold in holds.values() if hold.month == month)
            assert int(item.get(f"m{month}", {"N": "0"})["N"]) == spent + held
        assert len({row.request_id for row in rows}) == len(rows)

    def every_answer_has_one_row_with_its_price_and_nothing_else_has(self, rows: list[LedgerRow]) -> None:
        charged = {row.request_id: row.price_microusd for row in rows if row.outcome not in UNPAID}
        assert charged == self.answered
        failed = {row.request_id: row.cost_microusd for row in rows if row.outcome == "failed"}
        assert failed == self.failed
        assert all(row.price_microusd == row.amount == 0 for row in rows if row.outcome in UNPAID)

    def an_abandoned_request_was_not_answered_and_costs_nothing(self, rows: list[LedgerRow]) -> None:
        abandoned = {row.request_id: row.price_microusd for row in rows if row.outcome == "abandoned"}
        assert set(abandoned) == self.abandoned
        assert set(abandoned.values()) <= {0}
        assert not self.abandoned & {*self.answered, *self.unsettled.kept}

    def sweep_with(self, client: Any) -> None:
        """Sweep, and believe of the rows that it wrote what the evidence said before."""
        evidence = dict(self.unsettled.kept)
        lag = Lag(HOLD_SECONDS, 60)
        with suppress(Crash):
            Sweeper(
                client, TABLE, OneKey(), Endings(FakeHeldJobs(), self.unsettled), lag, now_ms=lambda: self.now_ms
            ).sweep()
        for row in self.rows():
            if row.outcome == "abandoned":
                self.abandoned.add(row.request_id)
            elif row.request_id not in {*self.answered, *self.failed}:
                self.answered[row.request_id] = evidence[row.request_id].price_microusd

    def done(self, hold: Hold, share: int) -> Work:
        """The work as it was done: by a fallback that may be cheaper."""
        work = hold.work
        price = work.price_microusd * share // 100
        return Work(work.request_id, work.endpoint, "spare", work.unit, work.amount, price, 0)

    def item(self) -> dict[str, Any]:
        return dict(self.client.get_item(TableName=TABLE, Key=account_key("key_1"))["Item"])

    def holds(self) -> list[Hold]:
        return holds_from(self.item())

    def committed(self, month: str) -> int:
        value = self.item().get(f"m{month}", {"N": "0"})
        return int(value["N"])

    def rows(self) -> list[LedgerRow]:
        items = self.client.scan(TableName=TABLE)["Items"]
        return [row_from(item) for item in items if item["pk"]["S"].startswith("LEDGER#")]


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
