"""Settlement under fire: an answer is never withheld, and is charged exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fakes.faulty_aws import (
    SERVER_ERROR,
    SERVER_ERROR_AFTERWARDS,
    THROTTLED,
    Slow,
    deliver_twice,
    hang_up,
    lose_the_answer,
)
from tests.stack.money.faulty_stack import PRICE, RELEASE, Customer, FaultyStack, timed

pytestmark = pytest.mark.stack

FAILING = {"throttled": THROTTLED, "failing": SERVER_ERROR, "hanging up": hang_up}
ONCE = {
    "answer lost": lose_the_answer,
    "failing afterwards": SERVER_ERROR_AFTERWARDS,
    "delivered twice": deliver_twice,
    "throttled once": THROTTLED,
    "failing once": SERVER_ERROR,
    "hanging up once": hang_up,
}
ANSWERED, SWEPT, ABANDONED = ("answered", PRICE), ("swept", PRICE), ("abandoned", 0)


@pytest.mark.parametrize("act", ONCE.values(), ids=ONCE)
@pytest.mark.parametrize("write", ["row", "release"])
def test_a_write_that_took_two_deliveries_charges_once(customer: Customer, write: str, act: Any) -> None:
    fault = customer.fault_in_row if write == "row" else customer.fault_in_release
    rule = fault(act)
    customer.speak()
    assert rule.hits == 1
    customer.assert_account_matches_ledger()
    assert customer.outcomes == [ANSWERED]
    assert customer.pending_settlements == []


@pytest.mark.parametrize("act", FAILING.values(), ids=FAILING)
def test_an_answer_whose_row_cannot_be_written_goes_out_and_is_charged_later(
    faulty_stack: FaultyStack, customer: Customer, act: Any
) -> None:
    rule = customer.fault_in_row(act, times=None)
    with timed(20):
        answer = customer.speak()
    assert answer.content
    assert answer.headers["x-audio-gateway-cost-usd"] == f"{PRICE / 1e6:.6f}".rstrip("0")
    assert ([h.work.request_id for h in customer.holds], customer.rows) == (customer.answered, [])
    assert customer.pending_settlements == customer.answered
    (line,) = faulty_stack.logged("answer not settled", customer.answered[0])
    assert line["state"] == "kept"
    rule.stop()
    customer.expire_and_sweep()
    assert customer.outcomes == [SWEPT]
    assert customer.pending_settlements == []


def test_an_answer_that_leaves_no_trace_is_the_operator_s_loss_and_is_logged(
    faulty_stack: FaultyStack, customer: Customer
) -> None:
    rules = [
        customer.fault_in_row(SERVER_ERROR, times=None),
        customer.fault_in_pending_settlements(SERVER_ERROR, times=None),
    ]
    with timed(20):
        assert customer.speak().content
    assert (len(customer.holds), customer.rows, customer.pending_settlements) == (1, [], [])
    (line,) = faulty_stack.logged("answer not settled", customer.answered[0])
    assert (line["state"], line["price_microusd"]) == ("lost", PRICE)
    for rule in rules:
        rule.stop()
    customer.expire_and_sweep()
    assert customer.outcomes == [ABANDONED]


def test_an_answer_is_charged_by_the_model_that_gave_it_also_when_that_is_done_later(
    customer: Customer, faulty_stack: FaultyStack
) -> None:
    rule = customer.fault_in_row(THROTTLED, times=None)
    faulty_stack.upstream.script("status=500")
    answer = customer.speak(model="dear-tts")
    assert answer.headers["x-audio-gateway-model"] == "tts"
    assert [hold.work.price_microusd for hold in customer.holds] == [5 * PRICE]
    rule.stop()
    customer.expire_and_sweep()
    assert [(row.outcome, row.model, row.price_microusd) for row in customer.rows] == [("swept", "tts", PRICE)]


def test_a_row_that_arrives_before_the_sweeper_makes_its_pending_settlement_needless(
    faulty_stack: FaultyStack, customer: Customer, pool: ThreadPoolExecutor
) -> None:
    pause = faulty_stack.aws.pause(operation="PutItem", pk="LEDGER#", containing=customer.key_id)
    rule = customer.fault_in_row(hang_up, times=None)
    call = pool.submit(customer.speak)
    pause.arrived()
    call.result(60)
    assert customer.pending_settlements == customer.answered
    pause.forward()
    customer.wait_until(lambda: bool(customer.rows), "the row never arrived")
    rule.stop()
    customer.expire_and_sweep()
    assert customer.outcomes == [ANSWERED]
    assert customer.pending_settlements == []


def test_a_row_that_arrives_after_the_sweeper_changes_nothing(
    faulty_stack: FaultyStack, customer: Customer, pool: ThreadPoolExecutor
) -> None:
    pause = faulty_stack.aws.pause(operation="PutItem", pk="LEDGER#", containing=customer.key_id)
    rule = customer.fault_in_row(hang_up, times=None)
    call = pool.submit(customer.speak)
    pause.arrived()
    call.result(60)
    rule.stop()
    customer.expire_and_sweep()
    before = faulty_stack.aws.count("PutItem", "LEDGER#")
    pause.forward()
    customer.wait_until(lambda: faulty_stack.aws.count("PutItem", "LEDGER#") > before, "the row never arrived")
    customer.assert_account_matches_ledger()
    assert customer.outcomes == [SWEPT]


@pytest.mark.parametrize("act", FAILING.values(), ids=FAILING)
def test_a_hold_that_cannot_be_released_is_only_released_later(customer: Customer, act: Any) -> None:
    rule = customer.fault_in_release(act, times=None)
    with timed(20):
        assert customer.speak().content
    assert (len(customer.holds), customer.outcomes, customer.pending_settlements) == (1, [ANSWERED], [])
    assert customer.committed == PRICE
    rule.stop()
    customer.expire_and_sweep()
    assert customer.outcomes == [ANSWERED]


def test_a_failure_whose_hold_cannot_be_released_is_free_all_the_same(
    faulty_stack: FaultyStack, customer: Customer
) -> None:
    rule = customer.fault_in_release(SERVER_ERROR, times=None)
    faulty_stack.upstream.script("status=500")
    with timed(20):
        assert customer.refused().status == 503
    assert (len(customer.holds), customer.rows) == (1, [])
    rule.stop()
    customer.expire_and_sweep()
    assert customer.outcomes == [ABANDONED]


def test_a_release_that_arrives_after_the_sweeper_s_changes_nothing(
    faulty_stack: FaultyStack, customer: Customer, pool: ThreadPoolExecutor
) -> None:
    pause = faulty_stack.aws.pause(operation="UpdateItem", pk=customer.account, containing=RELEASE)
    rule = customer.fault_in_release(hang_up, times=None)
    call = pool.submit(customer.speak)
    pause.arrived()
    call.result(60)
    rule.stop()
    customer.expire_and_sweep()
    before = faulty_stack.aws.count("UpdateItem", customer.account)
    pause.forward()
    customer.wait_until(lambda: faulty_stack.aws.count("UpdateItem", customer.account) > before, "it never arrived")
    customer.assert_account_matches_ledger()
    assert customer.outcomes == [ANSWERED]


@pytest.mark.parametrize("write", ["row", "release"])
def test_a_settlement_slower_than_our_patience_delays_no_answer_for_long(customer: Customer, write: str) -> None:
    fault = customer.fault_in_row if write == "row" else customer.fault_in_release
    rule = fault(Slow(before_s=6), times=None)
    with timed(15):
        assert customer.speak().content
    rule.stop()
    customer.expire_and_sweep()
    assert customer.outcomes in ([ANSWERED], [SWEPT])
