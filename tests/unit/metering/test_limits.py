"""The limits of a key: which values are accepted, what they mean, and how they are written again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.errors import InvalidRequest
from audio_gateway.metering.limits import Limits, limits_changed_by, limits_from_api, limits_from_stored, usd

MOST = 10**12
EVERY: dict[str, Any] = {
    "requests_per_minute": 60,
    "concurrent_requests": 4,
    "concurrent_jobs": 5,
    "characters_per_minute": 10_000,
    "pending_upload_bytes": 1,
    "audio_seconds_per_minute": 600,
    "monthly_budget_usd": "25.5",
    "models": ["talker", "listener"],
    "expires_at": 4_000_000_000,
}
WHOLE = [name for name, value in EVERY.items() if isinstance(value, int)]


def refused(value: Any, param: str) -> str:
    with pytest.raises(InvalidRequest) as refusal:
        limits_from_api(value)
    assert refusal.value.param == param
    return str(refusal.value)


def test_every_limit_is_read_and_written_again() -> None:
    limits = limits_from_api(EVERY)
    assert limits == Limits(60, 4, 10_000, 600_000, 25_500_000, ("talker", "listener"), 4_000_000_000, 5, 1)
    assert limits.to_api() == EVERY
    assert limits_from_stored(EVERY) == limits


def test_nothing_is_no_limit() -> None:
    assert limits_from_api({}) == limits_from_api(dict.fromkeys(EVERY)) == Limits()
    assert Limits().to_api() == {}


def test_a_limit_by_itself_is_written_by_itself() -> None:
    for name, value in EVERY.items():
        assert limits_from_api({name: value}).to_api() == {name: value}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_is_from_one_to_a_million_millions(name: str) -> None:
    most = 300 if name.startswith("concurrent") else MOST
    for taken in (1, most):
        assert limits_from_api({name: taken}).to_api() == {name: taken}
    wrong: tuple[Any, ...] = (0, -1, most + 1, 1.0, "1", True, [], {})
    for value in wrong:
        message = refused({name: value}, f"limits.{name}")
        assert re.search(rf"'limits.{name}' must be a whole number from 1 to ({most}|{MOST})\b", message)


@pytest.mark.parametrize("name", ["concurrent_requests", "concurrent_jobs"])
def test_a_limit_above_the_capacity_of_an_account_is_refused_and_read_if_it_was_stored_before(name: str) -> None:
    assert "the most requests and jobs that a key may have open at the same time" in refused(
        {name: 301}, f"limits.{name}"
    )
    assert limits_from_stored({name: 301}).to_api() == {name: 301}


@pytest.mark.parametrize(
    ("limits", "at_once", "jobs", "waits"),
    [
        (Limits(), 300, 100, 20),
        (Limits(concurrent_requests=1), 1, 100, 1),
        (Limits(concurrent_requests=299), 299, 100, 299),
        (Limits(concurrent_requests=301), 300, 100, 300),
        (Limits(concurrent_jobs=1), 300, 1, 20),
        (Limits(concurrent_jobs=301), 300, 300, 20),
    ],
)
def test_the_effective_limits_of_open_requests_jobs_and_waits(
    limits: Limits, at_once: int, jobs: int, waits: int
) -> None:
    assert (limits.most_at_once, limits.most_jobs, limits.most_waits) == (at_once, jobs, waits)


def test_the_effective_limit_of_pending_uploads() -> None:
    assert Limits().most_pending_bytes == 100_000_000_000
    assert Limits(pending_upload_bytes=7).most_pending_bytes == 7


@pytest.mark.parametrize("value", ["", "x", "-1", "1.", ".5", "1.0000001", "1e3", "1234567890", "1 ", 5, 5.0, None, []])
def test_a_budget_is_dollars_in_a_string(value: Any) -> None:
    if value is not None:
        message = refused({"monthly_budget_usd": value}, "limits.monthly_budget_usd")
        assert 'must be dollars as a decimal string, such as "25.00"' in message


@pytest.mark.parametrize(
    ("dollars", "microusd"), [("0", 0), ("0.000001", 1), ("999999999.999999", 999_999_999_999_999), ("007", 7_000_000)]
)
def test_budgets_are_kept_in_micro_dollars(dollars: str, microusd: int) -> None:
    assert limits_from_api({"monthly_budget_usd": dollars}).monthly_budget_microusd == microusd


@given(st.integers(0, 10**15))
def test_dollars_are_written_without_an_exponent_and_come_back(microusd: int) -> None:
    assert re.fullmatch(r"\d+(\.\d*[1-9])?", usd(microusd))
    if microusd < 10**15:
        assert limits_from_api({"monthly_budget_usd": usd(microusd)}).monthly_budget_microusd == microusd


@pytest.mark.parametrize("value", [[], "talker", ["talker", ""], ["talker", 5], {"talker": 1}, 5])
def test_models_are_a_list_of_names(value: Any) -> None:
    assert "must be a list of at least one model id" in refused({"models": value}, "limits.models")


def test_a_model_named_twice_is_one() -> None:
    assert limits_from_api({"models": ["b", "a", "b"]}).models == ("b", "a")


@pytest.mark.parametrize("value", [None, [], "60", 60])
def test_limits_are_an_object(value: Any) -> None:
    assert "'limits' must be an object" in refused(value, "limits")


def test_an_unknown_limit_is_refused_by_its_name() -> None:
    message = refused({"requests_per_minute": 1, "x" * 200: 1}, f"limits.{'x' * 100}")
    known = message.partition("Use these: ")[2]
    assert message == f"'limits' has no field '{'x' * 100}'. Use these: {known}"
    assert set(known.removesuffix(".").split(", ")) == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_change_is_of_the_limits_that_it_names(name: str) -> None:
    before, wanted = limits_from_api(EVERY), limits_from_api({name: EVERY[name]})
    assert limits_changed_by([name], Limits())(before).to_api() == {n: v for n, v in EVERY.items() if n != name}
    assert limits_changed_by([name], wanted)(Limits()) == wanted
    assert limits_changed_by([], Limits())(before) == before
