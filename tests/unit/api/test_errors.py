"""The table that turns domain errors into HTTP."""

from __future__ import annotations

import inspect
import json

import pytest

from audio_gateway import errors
from audio_gateway.api.http.errors import answer_for

EXTRA: dict[str, dict[str, object]] = {
    "AudioTooLong": {"limit_ms": 1},
    "LimitReached": {"limit": "x"},
    "TooMuchAtOnce": {"limit": "characters_per_minute"},
    "BudgetReached": {"limit": "monthly_budget_usd"},
    "RateLimitReached": {"limit": "requests_per_minute", "retry_after_s": 3},
    "AlreadyRunning": {"retry_after_s": 1},
    "NotReady": {"retry_after_s": 2},
    "MethodNotAllowed": {"allowed": ("POST",)},
    "JobFailed": {"status": 503, "kind": "server_error"},
    "ProviderRejected": {"provider": "p", "upstream_status": 400},
}

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.GatewayError)]


def make(error: type[errors.GatewayError]) -> errors.GatewayError:
    extra = EXTRA.get(error.__name__, {})
    if issubclass(error, errors.ProviderError):
        extra = {"provider": "p"} | extra
    return error("message", **extra)  # type: ignore[arg-type] # each class has its own data


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_has_an_answer_in_the_envelope(error: type[errors.GatewayError]) -> None:
    answer = answer_for(make(error), "req_1")
    assert answer.headers["content-type"] == "application/json"
    assert set(json.loads(answer.body)["error"]) == {"message", "type", "param", "code"}
    is_callers_fault = issubclass(error, errors.InvalidRequest | errors.NotFound | errors.ProviderRejected)
    assert (400 <= answer.status < 500) or not is_callers_fault


def test_the_tree_in_the_docstring_names_every_class() -> None:
    assert errors.__doc__ is not None
    for error in CLASSES:
        assert error.__name__ in errors.__doc__


def test_a_message_that_quotes_broken_unicode_is_still_an_answer() -> None:
    answer = answer_for(errors.InvalidRequest("bad \ud800 text", param="input"), "req_1")
    assert b"bad" in answer.body
    answer.body.decode("utf-8")
