"""Limits at their edge, under concurrency, through the official SDK."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from audio_gateway.metering.limits import Limits, limits_from_api, usd
from tests.stack.money.faulty_stack import PRICE, Customer, FaultyStack, Refused

pytestmark = pytest.mark.stack


def budget(requests: int) -> str:
    """A month's budget that pays for so many of the tests' requests."""
    return usd(requests * PRICE)


def test_a_budget_admits_exactly_as_many_as_it_pays_for(faulty_stack: FaultyStack, pool: ThreadPoolExecutor) -> None:
    customer = faulty_stack.customer(monthly_budget_usd=budget(7))
    outcomes = [call.result(60) for call in [pool.submit(customer.outcome) for _ in range(30)]]
    refusals = [refused for refused in outcomes if isinstance(refused, Refused)]
    assert (outcomes.count("answered"), len(refusals)) == (7, 23)
    for refused in refusals:
        assert (refused.status, refused.code) == (429, "insufficient_quota")
        assert refused.headers["x-should-retry"] == "false"
    assert len(faulty_stack.upstream.calls) == 7
    assert customer.committed == 7 * PRICE
    assert sorted(row.request_id for row in customer.rows) == sorted(customer.answered)
    customer.assert_account_matches_ledger()


def test_failures_give_a_budget_back_and_it_still_pays_for_no_more(
    faulty_stack: FaultyStack, pool: ThreadPoolExecutor
) -> None:
    customer = faulty_stack.customer(monthly_budget_usd=budget(5))
    faulty_stack.upstream.script(*["status=500"] * 6)
    for _ in range(20):
        for call in [pool.submit(customer.outcome) for _ in range(6)]:
            call.result(60)
        assert customer.committed <= 5 * PRICE
        if len(customer.rows) == 5:
            break
    customer.assert_account_matches_ledger()
    assert len(customer.rows) == len(customer.answered) == 5


def test_as_many_run_concurrently_as_the_limit_allows(faulty_stack: FaultyStack, pool: ThreadPoolExecutor) -> None:
    customer = faulty_stack.customer(concurrent_requests=2)
    faulty_stack.upstream.script("held", "held")
    running = [pool.submit(customer.speak) for _ in range(2)]
    customer.wait_until(lambda: len(faulty_stack.upstream.calls) == 2, "they did not begin")
    for refused in [call.result(60) for call in [pool.submit(customer.refused) for _ in range(4)]]:
        assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
        assert refused.headers["retry-after"] == "1"
    faulty_stack.upstream.let_go()
    for call in running:
        assert call.result(60).content
    customer.speak()
    customer.assert_account_matches_ledger()
    assert len(customer.rows) == 3


def test_as_many_run_in_a_minute_as_the_limit_allows_and_the_refusal_says_when_to_retry(
    faulty_stack: FaultyStack, pool: ThreadPoolExecutor
) -> None:
    for _ in range(2):  # once more if the minute turned in between
        minute = time.time() // 60
        customer = faulty_stack.customer(requests_per_minute=3)
        outcomes = [call.result(60) for call in [pool.submit(customer.outcome) for _ in range(8)]]
        left = 60 - time.time() % 60
        if time.time() // 60 == minute:
            break
    refusals = [refused for refused in outcomes if isinstance(refused, Refused)]
    assert (outcomes.count("answered"), len(refusals)) == (3, 5)
    for refused in refusals:
        assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
        assert left - 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["x-ratelimit-limit-requests"] == "3"
    customer.assert_account_matches_ledger()


def test_a_limit_lowered_below_what_is_used_refuses_immediately_and_breaks_nothing(
    faulty_stack: FaultyStack, pool: ThreadPoolExecutor
) -> None:
    customer = faulty_stack.customer(monthly_budget_usd=budget(10))
    for _ in range(3):
        customer.speak()
    faulty_stack.upstream.script("held")
    running = pool.submit(customer.speak)
    customer.wait_until(lambda: len(faulty_stack.upstream.calls) == 4, "it did not begin")
    faulty_stack.directory.edit_limits(customer.key_id, lambda _: limits_from_api({"monthly_budget_usd": budget(2)}))
    refused = customer.refused()
    assert (refused.status, refused.code) == (429, "insufficient_quota")
    faulty_stack.upstream.let_go()
    assert running.result(60).content
    customer.assert_account_matches_ledger()
    assert customer.committed == 4 * PRICE
    faulty_stack.directory.edit_limits(customer.key_id, lambda _: Limits())
    customer.speak()


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_a_key_that_ends_while_its_request_runs_is_charged_for_it_and_for_no_more(
    faulty_stack: FaultyStack, customer: Customer, pool: ThreadPoolExecutor, end: str
) -> None:
    faulty_stack.upstream.script("held")
    running = pool.submit(customer.speak)
    customer.wait_until(lambda: len(faulty_stack.upstream.calls) == 1, "it did not begin")
    getattr(faulty_stack.directory, end)(customer.key_id)
    assert customer.refused().status == 401
    faulty_stack.upstream.let_go()
    assert running.result(60).content
    assert len(faulty_stack.upstream.calls) == 1
    assert customer.outcomes == [("answered", PRICE)]


def test_limits_of_one_customer_do_not_affect_others(faulty_stack: FaultyStack, pool: ThreadPoolExecutor) -> None:
    customers = [faulty_stack.customer(monthly_budget_usd=budget(count)) for count in (1, 2, 3)]
    calls: list[Any] = [pool.submit(customer.outcome) for customer in customers * 5]
    for call in calls:
        call.result(60)
    assert [len(customer.rows) for customer in customers] == [1, 2, 3]
    assert Counter(call.value("input") for call in faulty_stack.upstream.calls).total() == 6
