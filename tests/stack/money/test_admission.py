"""Admission under fire: nothing is asked of a provider without a hold, and a hold is counted once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from audio_gateway.identity.keys import hash_key
from tests.fakes.faulty_aws import (
    CONFLICT,
    SERVER_ERROR,
    SERVER_ERROR_AFTERWARDS,
    THROTTLED,
    THROTTLED_BY_THE_ACCOUNT,
    Slow,
    deliver_twice,
    hang_up,
    lose_the_answer,
)
from tests.stack.money.faulty_stack import ADMIT, PRICE, Customer, FaultyStack, timed

pytestmark = pytest.mark.stack

UNAVAILABLE = (503, "metering_unavailable")
NOT_DELIVERED = {
    "throttled": THROTTLED,
    "throttled by the account": THROTTLED_BY_THE_ACCOUNT,
    "in conflict": CONFLICT,
    "failing": SERVER_ERROR,
    "hanging up": hang_up,
}
DELIVERED_ONCE_MORE = {
    "answer lost": lose_the_answer,
    "failing afterwards": SERVER_ERROR_AFTERWARDS,
    "delivered twice": deliver_twice,
    "throttled once": THROTTLED,
    "failing once": SERVER_ERROR,
    "hanging up once": hang_up,
}


@pytest.mark.parametrize("act", NOT_DELIVERED.values(), ids=NOT_DELIVERED)
def test_without_an_admission_no_provider_is_asked_and_nothing_is_held(
    faulty_stack: FaultyStack, customer: Customer, act: Any
) -> None:
    customer.fault_in_admission(act, times=None)
    with timed(20):
        refused = customer.refused()
    assert (refused.status, refused.code) == UNAVAILABLE
    assert faulty_stack.upstream.calls == []
    assert (customer.holds, customer.rows, customer.committed) == ([], [], 0)


def test_while_dynamodb_is_down_no_provider_is_asked_and_afterwards_all_is_well(
    faulty_stack: FaultyStack, known: Customer
) -> None:
    with faulty_stack.aws.down(), timed(20):
        refused = known.refused()
    assert (refused.status, refused.code) == UNAVAILABLE
    assert faulty_stack.upstream.calls == []
    known.speak()
    known.assert_account_matches_ledger()
    assert known.outcomes == [("answered", PRICE)] * 2


@pytest.mark.parametrize("act", [THROTTLED, SERVER_ERROR, hang_up], ids=["throttled", "failing", "hanging up"])
def test_a_key_that_cannot_be_read_is_an_error_in_the_envelope(
    faulty_stack: FaultyStack, customer: Customer, act: Any
) -> None:
    rule = faulty_stack.aws.fault(act, operation="GetItem", pk=f"KEY#{hash_key(customer.key)}", times=None)
    with timed(20):
        assert customer.refused().status in {500, 503}
    assert faulty_stack.upstream.calls == []
    rule.stop()
    customer.speak()
    customer.assert_account_matches_ledger()


@pytest.mark.parametrize("act", DELIVERED_ONCE_MORE.values(), ids=DELIVERED_ONCE_MORE)
def test_an_admission_that_took_two_deliveries_is_counted_once(known: Customer, act: Any) -> None:
    rule = known.fault_in_admission(act)
    known.speak()
    assert rule.hits == 1
    assert known.outcomes == [("answered", PRICE)] * 2
    assert known.requests_counted == 2
    known.assert_account_matches_ledger()


def test_an_admission_whose_answers_are_all_lost_asks_no_provider_and_is_given_back(
    faulty_stack: FaultyStack, known: Customer
) -> None:
    known.fault_in_admission(lose_the_answer, times=None)
    refused = known.refused()
    assert (refused.status, refused.code) == UNAVAILABLE
    assert faulty_stack.upstream.calls == []
    known.expire_and_sweep()
    assert known.committed == PRICE
    assert [row.price_microusd for row in known.rows if row.outcome == "answered"] == [PRICE]


def test_an_admission_that_arrives_after_its_request_was_refused_is_given_back(
    faulty_stack: FaultyStack, known: Customer, pool: ThreadPoolExecutor
) -> None:
    pause = faulty_stack.aws.pause(operation="UpdateItem", pk=known.account, containing=ADMIT)
    known.fault_in_admission(hang_up, times=None)
    call = pool.submit(known.refused)
    pause.arrived()
    assert (call.result(60).status, faulty_stack.upstream.calls) == (503, [])
    pause.forward()
    known.wait_until(lambda: known.committed == 2 * PRICE, "the admission never arrived")
    known.expire_and_sweep()
    assert [outcome for outcome, _ in known.outcomes] == ["answered", "abandoned"]


def test_an_admission_that_arrives_again_after_all_was_settled_is_not_counted_again(
    faulty_stack: FaultyStack, known: Customer, pool: ThreadPoolExecutor
) -> None:
    pause = faulty_stack.aws.pause(operation="UpdateItem", pk=known.account, containing=ADMIT)
    call = pool.submit(known.speak)
    pause.arrived()
    call.result(60)  # the client library lost its patience with the first delivery and made another
    before = faulty_stack.aws.count("UpdateItem", known.account)
    pause.forward()
    known.wait_until(lambda: faulty_stack.aws.count("UpdateItem", known.account) > before, "it never arrived")
    known.expire_and_sweep()
    assert sum(price for _, price in known.outcomes) == 2 * PRICE
    assert [outcome for outcome, _ in known.outcomes].count("answered") == 2


def test_a_slow_dynamodb_delays_an_answer_and_changes_nothing(known: Customer) -> None:
    for fault in (known.fault_in_admission, known.fault_in_row, known.fault_in_release):
        fault(Slow(before_s=0.15, after_s=0.15), times=None)
    with timed(20):
        known.speak()
    known.assert_account_matches_ledger()
    assert known.outcomes == [("answered", PRICE)] * 2


def test_a_dynamodb_slower_than_our_patience_is_a_clean_error(faulty_stack: FaultyStack, known: Customer) -> None:
    known.fault_in_admission(Slow(before_s=6), times=None)
    with timed(20):
        refused = known.refused()
    assert (refused.status, refused.code) == UNAVAILABLE
    assert faulty_stack.upstream.calls == []
    assert known.outcomes == [("answered", PRICE)]
