"""Limits at their edge, under concurrency, through the official SDK."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from audio_gateway.metering.limits import Limits, limits_from_api, usd
from tests.stack.money.bank import PRICE, Bank, Customer, Refused

pytestmark = pytest.mark.stack


def budget(requests: int) -> str:
    """A month's budget that pays for so many of the tests' requests."""
    return usd(requests * PRICE)


def test_a_budget_admits_exactly_as_many_as_it_pays_for(bank: Bank, pool: ThreadPoolExecutor) -> None:
    customer = bank.customer(monthly_budget_usd=budget(7))
    outcomes = [call.result(60) for call in [pool.submit(customer.outcome) for _ in range(30)]]
    refusals = [refused for refused in outcomes if isinstance(refused, Refused)]
    assert (outcomes.count("answered"), len(refusals)) == (7, 23)
    for refused in refusals:
        assert (refused.status, refused.code) == (429, "insufficient_quota")
        assert refused.headers["x-should-retry"] == "false"
    assert len(bank.upstream.calls) == 7
    assert customer.committed == 7 * PRICE
    assert sorted(row.request_id for row in customer.rows) == sorted(customer.answered)
    customer.books_are_right()


def test_failures_give_a_budget_back_and_it_still_pays_for_no_more(bank: Bank, pool: ThreadPoolExecutor) -> None:
    customer = bank.customer(monthly_budget_usd=budget(5))
    bank.upstream.script(*["status=500"] * 6)
    for _ in range(20):
        for call in [pool.submit(customer.outcome) for _ in range(6)]:
            call.result(60)
        assert customer.committed <= 5 * PRICE
        if len(customer.rows) == 5:
            break
    customer.books_are_right()
    assert len(customer.rows) == len(customer.answered) == 5


def test_so_many_run_at_once_and_no_more(bank: Bank, pool: ThreadPoolExecutor) -> None:
    customer = bank.customer(concurrent_requests=2)
    bank.upstream.script("held", "held")
    running = [pool.submit(customer.say) for _ in range(2)]
    customer.wait_until(lambda: len(bank.upstream.calls) == 2, "they did not begin")
    for refused in [call.result(60) for call in [pool.submit(customer.refused) for _ in range(4)]]:
        assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
        assert refused.headers["retry-after"] == "1"
    bank.upstream.let_go()
    for call in running:
        assert call.result(60).content
    customer.say()
    customer.books_are_right()
    assert len(customer.rows) == 3


def test_so_many_a_minute_and_the_refusal_says_when_to_come_back(bank: Bank, pool: ThreadPoolExecutor) -> None:
    for _ in range(2):  # once more if the minute turned in between
        minute = time.time() // 60
        customer = bank.customer(requests_per_minute=3)
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
    customer.books_are_right()


def test_a_limit_lowered_below_what_is_used_refuses_at_once_and_breaks_nothing(
    bank: Bank, pool: ThreadPoolExecutor
) -> None:
    customer = bank.customer(monthly_budget_usd=budget(10))
    for _ in range(3):
        customer.say()
    bank.upstream.script("held")
    running = pool.submit(customer.say)
    customer.wait_until(lambda: len(bank.upstream.calls) == 4, "it did not begin")
    bank.directory.api_keys.edit_limits(customer.key_id, lambda _: limits_from_api({"monthly_budget_usd": budget(2)}))
    refused = customer.refused()
    assert (refused.status, refused.code) == (429, "insufficient_quota")
    bank.upstream.let_go()
    assert running.result(60).content
    customer.books_are_right()
    assert customer.committed == 4 * PRICE
    bank.directory.api_keys.edit_limits(customer.key_id, lambda _: Limits())
    customer.say()


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_a_key_that_ends_while_its_request_runs_is_charged_for_it_and_for_no_more(
    bank: Bank, customer: Customer, pool: ThreadPoolExecutor, end: str
) -> None:
    bank.upstream.script("held")
    running = pool.submit(customer.say)
    customer.wait_until(lambda: len(bank.upstream.calls) == 1, "it did not begin")
    getattr(bank.directory.api_keys, end)(customer.key_id)
    assert customer.refused().status == 401
    bank.upstream.let_go()
    assert running.result(60).content
    assert len(bank.upstream.calls) == 1
    assert customer.outcomes == [("answered", PRICE)]


def test_one_customer_s_limits_are_no_other_s(bank: Bank, pool: ThreadPoolExecutor) -> None:
    customers = [bank.customer(monthly_budget_usd=budget(count)) for count in (1, 2, 3)]
    calls: list[Any] = [pool.submit(customer.outcome) for customer in customers * 5]
    for call in calls:
        call.result(60)
    assert [len(customer.rows) for customer in customers] == [1, 2, 3]
    assert Counter(call.value("input") for call in bank.upstream.calls).total() == 6
