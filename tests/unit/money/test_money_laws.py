"""The laws of money under any interleaving of requests, jobs, months, cancellations, sweeps and faults of AWS."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.examples import examples
from tests.unit.money.history import CALM, EVERYTHING, JOBS, REQUESTS, History, check

pytestmark = pytest.mark.slow


@examples(150)
@given(JOBS)
def test_jobs_are_charged_once_and_never_past_a_budget(history: History) -> None:
    check(history)


@examples(60)
@given(REQUESTS)
def test_requests_are_charged_once_and_never_past_a_budget(history: History) -> None:
    check(history)


@examples(30)
@given(EVERYTHING)
def test_a_key_is_charged_once_for_everything_and_never_past_a_budget(history: History) -> None:
    check(history)


@examples(40)
@given(CALM)
def test_where_nothing_goes_wrong_the_price_is_that_of_what_was_done(history: History) -> None:
    check(history)
