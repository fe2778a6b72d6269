"""The sweeper under fire: whatever fails in between, an expired hold is settled or given back exactly once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fakes.faulty_aws import SERVER_ERROR, THROTTLED, Act, deliver_twice, lose_the_answer
from tests.stack.money.faulty_stack import PRICE, Customer, FaultyStack

pytestmark = pytest.mark.stack

ACTS: dict[str, Act] = {
    "answer lost": lose_the_answer,
    "delivered twice": deliver_twice,
    "throttled": THROTTLED,
}


def answered_without_a_row(customer: Customer) -> list[tuple[str, int]]:
    rule = customer.fault_in_row(SERVER_ERROR, times=None)
    customer.speak()
    rule.stop()
    return [("swept", PRICE)]


def refused_without_a_release(customer: Customer) -> list[tuple[str, int]]:
    rule = customer.fault_in_release(SERVER_ERROR, times=None)
    customer.stack.upstream.script("status=500")
    customer.refused()
    rule.stop()
    return [("abandoned", 0)]


def answered_without_a_release(customer: Customer) -> list[tuple[str, int]]:
    rule = customer.fault_in_release(SERVER_ERROR, times=None)
    customer.speak()
    rule.stop()
    return [("answered", PRICE)]


# What is left behind, the write of the sweeper that fails, and how it fails. Each write fails in each way, and for each
# thing left behind each of its writes fails; where a row exists, none is written. tests/unit/metering/test_sweeper.py
# kills a sweep at every call.
CELLS = [
    (answered_without_a_row, "row", "answer lost"),
    (answered_without_a_row, "row", "delivered twice"),
    (refused_without_a_release, "row", "throttled"),
    (answered_without_a_row, "release", "throttled"),
    (refused_without_a_release, "release", "delivered twice"),
    (answered_without_a_release, "release", "answer lost"),
]

LEFT_BEHIND: dict[str, Callable[[Customer], list[tuple[str, int]]]] = {
    "answered without a row": answered_without_a_row,
    "refused without a release": refused_without_a_release,
    "answered without a release": answered_without_a_release,
}


@pytest.mark.parametrize("leave", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_the_sweeper_runs_by_itself(customer: Customer, leave: Any) -> None:
    expected = leave(customer)
    customer.expire_holds()
    customer.wait_until(lambda: not customer.holds, "no sweep")
    customer.assert_account_matches_ledger()
    assert customer.outcomes == expected


def test_it_leaves_holds_alone_that_have_not_expired(faulty_stack: FaultyStack, customer: Customer) -> None:
    answered_without_a_row(customer)
    faulty_stack.sweep()
    assert (len(customer.holds), customer.rows, customer.committed) == (1, [], PRICE)
    customer.expire_and_sweep()


@pytest.mark.parametrize(("leave", "write", "act"), CELLS)
def test_a_sweep_whose_write_fails_is_finished_by_it_or_by_the_next(
    faulty_stack: FaultyStack, customer: Customer, leave: Any, write: str, act: str
) -> None:
    expected = leave(customer)
    fault = customer.fault_in_row if write == "row" else customer.fault_in_release
    rule = fault(ACTS[act], times=2)
    customer.expire_holds()
    for _ in range(3):
        if customer.holds:
            faulty_stack.sweep()
    assert rule.hits
    customer.assert_account_matches_ledger()
    assert customer.outcomes == expected
    assert customer.pending_settlements == []


def test_two_sweepers_at_the_same_time_charge_once(
    faulty_stack: FaultyStack, customer: Customer, pool: ThreadPoolExecutor
) -> None:
    expected = answered_without_a_row(customer)
    pause = faulty_stack.aws.pause(operation="PutItem", pk="LEDGER#", containing=customer.key_id)
    customer.expire_holds()
    sweeping = pool.submit(faulty_stack.sweep)
    pause.arrived()
    faulty_stack.sweep()
    pause.forward()
    sweeping.result(60)
    customer.assert_account_matches_ledger()
    assert customer.outcomes == expected


def test_a_hold_whose_pending_settlement_cannot_be_read_waits(faulty_stack: FaultyStack, customer: Customer) -> None:
    expected = answered_without_a_row(customer)
    rule = customer.fault_in_pending_settlements(SERVER_ERROR, operation="GET", times=None)
    customer.expire_holds()
    customer.wait_until(lambda: rule.hits >= 2, "no sweep")
    assert (len(customer.holds), customer.rows) == (1, [])
    rule.stop()
    customer.expire_and_sweep()
    assert customer.outcomes == expected


def test_an_abandoned_hold_leaves_a_row_that_says_what_was_held(customer: Customer) -> None:
    refused_without_a_release(customer)
    customer.expire_and_sweep()
    (item,) = (i for i in customer.stack.items() if i.get("key_id") == {"S": customer.key_id} and "outcome" in i)
    assert (item["outcome"]["S"], item["amount"]["N"], item["price_microusd"]["N"]) == ("abandoned", "0", "0")
    assert (item["held_amount"]["N"], item["held_microusd"]["N"]) == (str(PRICE), str(PRICE))
