"""The laws of money under any interleaving of requests, jobs, months, cancellations, sweeps and faults of AWS."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from tests.examples import examples
from tests.unit.money.history import CALLS, CALM, EVERYTHING, JOBS, REQUESTS, History, Start, check
from tests.unit.money.network import Fault

pytestmark = pytest.mark.slow

# A deleted job is created once more, by a write that arrives late: it ends twice.
CREATED_AGAIN = (Start((Fault("table", None, "once more later"),), 0, 1, 1, (), "delete"),)


@examples(150)
@example(CREATED_AGAIN)
@given(JOBS)
def test_jobs_are_charged_once_and_never_past_a_budget(history: History) -> None:
    check(history)


@examples(60)
@given(REQUESTS)
def test_requests_are_charged_once_and_never_past_a_budget(history: History) -> None:
    check(history)


@examples(150)
@given(CALLS)
def test_a_call_of_several_attempts_is_charged_once(history: History) -> None:
    check(history)


@examples(30)
@given(EVERYTHING)
def test_a_key_is_charged_once_for_everything_and_never_past_a_budget(history: History) -> None:
    check(history)


@examples(40)
@given(CALM)
def test_where_nothing_goes_wrong_the_price_is_that_of_what_was_done(history: History) -> None:
    check(history)
