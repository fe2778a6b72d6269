"""The sweeper under fire: whatever fails in between, an expired hold is settled or given back exactly once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fakes.faulty_aws import SERVER_ERROR, THROTTLED, deliver_twice, lose_the_answer
from tests.stack.money.bank import PRICE, Bank, Customer

pytestmark = pytest.mark.stack

ACTS = {
    "answer lost": lose_the_answer,
    "delivered twice": deliver_twice,
    "throttled": THROTTLED,
}


def answered_without_a_row(customer: Customer) -> list[tuple[str, int]]:
    rule = customer.fault_in_row(SERVER_ERROR, times=None)
    customer.say()
    rule.stop()
    return [("swept", PRICE)]


def refused_without_a_release(customer: Customer) -> list[tuple[str, int]]:
    rule = customer.fault_in_release(SERVER_ERROR, times=None)
    customer.bank.upstream.script("status=500")
    customer.refused()
    rule.stop()
    return [("abandoned", 0)]


def answered_without_a_release(customer: Customer) -> list[tuple[str, int]]:
    rule = customer.fault_in_release(SERVER_ERROR, times=None)
    customer.say()
    rule.stop()
    return [("answered", PRICE)]


# No row is to be written where there is one.
CELLS = [
    (leave, write)
    for leave in (answered_without_a_row, refused_without_a_release, answered_without_a_release)
    for write in ("row", "release")
    if (leave, write) != (answered_without_a_release, "row")
]

LEFT_BEHIND: dict[str, Callable[[Customer], list[tuple[str, int]]]] = {
    "answered without a row": answered_without_a_row,
    "refused without a release": refused_without_a_release,
    "answered without a release": answered_without_a_release,
}


@pytest.mark.parametrize("leave", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_it_comes_by_itself(customer: Customer, leave: Any) -> None:
    expected = leave(customer)
    customer.expire_holds()
    customer.wait_until(lambda: not customer.holds, "nobody swept")
    customer.books_are_right()
    assert customer.outcomes == expected


def test_it_leaves_holds_alone_that_have_not_expired(bank: Bank, customer: Customer) -> None:
    answered_without_a_row(customer)
    bank.sweep()
    assert (len(customer.holds), customer.rows, customer.committed) == (1, [], PRICE)
    customer.settle_up()


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize(("leave", "write"), CELLS)
def test_a_sweep_whose_write_fails_is_finished_by_it_or_by_the_next(
    bank: Bank, customer: Customer, leave: Any, write: str, act: Any
) -> None:
    expected = leave(customer)
    fault = customer.fault_in_row if write == "row" else customer.fault_in_release
    rule = fault(act, times=2)
    customer.expire_holds()
    for _ in range(3):
        if customer.holds:
            bank.sweep()
    assert rule.hits
    customer.books_are_right()
    assert customer.outcomes == expected
    assert customer.evidence == []


def test_two_sweepers_at_once_charge_once(bank: Bank, customer: Customer, pool: ThreadPoolExecutor) -> None:
    expected = answered_without_a_row(customer)
    pause = bank.aws.pause(operation="PutItem", pk="LEDGER#", containing=customer.key_id)
    customer.expire_holds()
    sweeping = pool.submit(bank.sweep)
    pause.arrived()
    bank.sweep()
    pause.forward()
    sweeping.result(60)
    customer.books_are_right()
    assert customer.outcomes == expected


def test_a_hold_whose_evidence_cannot_be_read_waits(bank: Bank, customer: Customer) -> None:
    expected = answered_without_a_row(customer)
    rule = customer.fault_in_evidence(SERVER_ERROR, operation="GET", times=None)
    customer.expire_holds()
    customer.wait_until(lambda: rule.hits >= 2, "nobody looked")
    assert (len(customer.holds), customer.rows) == (1, [])
    rule.stop()
    customer.settle_up()
    assert customer.outcomes == expected


def test_an_abandoned_hold_leaves_a_row_that_says_what_was_held(customer: Customer) -> None:
    refused_without_a_release(customer)
    customer.settle_up()
    (item,) = (i for i in customer.bank.items() if i.get("key_id") == {"S": customer.key_id} and "outcome" in i)
    assert (item["outcome"]["S"], item["amount"]["N"], item["price_microusd"]["N"]) == ("abandoned", "0", "0")
    assert (item["held_amount"]["N"], item["held_microusd"]["N"]) == (str(PRICE), str(PRICE))
