"""The metrics, and that there are few: CloudWatch charges for each combination of dimensions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from audio_gateway import telemetry
from audio_gateway.errors import ConfigurationError
from audio_gateway.telemetry import RequestLog
from audio_gateway.use_cases.fallback import FailedAttempt

STATUSES = (200, 202, 303, 400, 401, 404, 413, 429, 500, 502, 503, 504)
MODELS = ("tts-1", "whisper-1", "acme", None)
STACK = "audio-gateway-dev"


def request_log(**more: Any) -> RequestLog:
    return RequestLog(request_id="req_1", endpoint="speech", method="POST", **more)


@pytest.fixture(autouse=True)
def _in_a_stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """template.yaml names the stack by Powertools' variable, which is read once."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", STACK)
    telemetry._metrics.cache_clear()
    yield
    telemetry._metrics.cache_clear()


Metrics = dict[tuple[str, tuple[tuple[str, str], ...]], Any]
Counted = Callable[[], tuple[Metrics, list[dict[str, Any]]]]


@pytest.fixture
def counted(capsys: pytest.CaptureFixture[str]) -> Counted:
    """The metrics since the last call: (name, dimensions with their values) → value, and the lines they came in."""

    def look() -> tuple[Metrics, list[dict[str, Any]]]:
        lines = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line]
        found = {}
        for line in lines:
            for directive in line["_aws"]["CloudWatchMetrics"]:
                dimensions = tuple((name, line[name]) for name in sorted(directive["Dimensions"][0]))
                found.update({(metric["Name"], dimensions): line[metric["Name"]] for metric in directive["Metrics"]})
        return found, lines

    return look


def test_a_request_is_counted_by_endpoint_and_class_of_status_and_its_model_is_a_property(counted: Counted) -> None:
    telemetry.report(request_log(model="tts-1", characters=5), status=429, elapsed_ms=1.5)
    found, (line,) = counted()
    (dimensions,) = {dimensions for _, dimensions in found}
    assert dict(dimensions) == {"endpoint": "speech", "status": "4xx", "service": STACK}
    assert line["model"] == "tts-1"


def test_metrics_do_not_grow_with_models_and_statuses(counted: Counted) -> None:
    metrics: set[Any] = set()
    for status in STATUSES:
        for model in MODELS:
            telemetry.report(
                request_log(model=model, characters=5, audio_ms=7, provider_ms=9.0), status=status, elapsed_ms=1.5
            )
            metrics |= counted()[0].keys()
    by_request = {name for name in metrics if dict(name[1]).get("endpoint")}
    classes = {status // 100 for status in STATUSES}
    assert len(by_request) == len(classes) * len({name for name, _ in by_request})
    assert metrics - by_request == {(name, (("service", STACK),)) for name in ("ProviderFailures", "Fallbacks")}


@pytest.mark.parametrize(
    ("error", "failures"),
    [(None, [0]), ("ProviderUnavailable", [1]), ("ProviderTimedOut", [1]), ("ProviderRejected", [0])],
)
def test_the_average_of_provider_failures_is_their_share(
    error: str | None, failures: list[int], counted: Counted
) -> None:
    telemetry.report(request_log(error=error, provider_ms=9.0), status=200, elapsed_ms=1.5)
    found, _ = counted()
    assert [value for (name, _), [value] in found.items() if name == "ProviderFailures"] == failures


def test_a_request_that_needed_no_provider_counts_none(counted: Counted) -> None:
    telemetry.report(request_log(error="InvalidRequest"), status=400, elapsed_ms=1.5)
    assert "ProviderFailures" not in {name for name, _ in counted()[0]}


def test_the_average_of_fallbacks_is_the_share_of_calls_that_one_saved(counted: Counted) -> None:
    failed = [FailedAttempt("tts-1", "acme", "ProviderKeyRefused")]
    for error, before, fallbacks in ((None, [], 0), (None, failed, 1), ("ProviderTimedOut", failed, 0)):
        telemetry.report(request_log(error=error, provider_ms=9.0, failed=before), status=200, elapsed_ms=1.5)
        found, _ = counted()
        assert [value for (name, _), [value] in found.items() if name == "Fallbacks"] == [fallbacks]


def test_errors_are_counted_by_provider_and_only_where_there_are_any(counted: Counted) -> None:
    failed = [FailedAttempt("tts-1", "acme", "ProviderTimedOut"), FailedAttempt("tts-2", "acme", "ProviderUnavailable")]
    telemetry.report(request_log(provider_ms=9.0, failed=[*failed, FailedAttempt("x", "other", "ProviderBadAnswer")]),
    status=200,
                     elapsed_ms=1.5)  # fmt: skip
    found, _ = counted()
    errors = {dict(dimensions)["provider"]: value for (name, dimensions), value in found.items()
              if name == "ProviderErrors"}  # fmt: skip
    assert errors == {"acme": [2.0], "other": [1.0]}
    telemetry.report(request_log(provider_ms=9.0), status=200, elapsed_ms=1.5)
    assert "ProviderErrors" not in {name for name, _ in counted()[0]}


def test_a_provider_that_failed_before_another_rejected_the_input_is_counted(counted: Counted) -> None:
    failed = [FailedAttempt("tts-1", "acme", "ProviderTimedOut")]
    telemetry.report(request_log(error="ProviderRejected", failed=failed), status=400, elapsed_ms=1.5)
    found = {name: value for (name, _), value in counted()[0].items()}
    assert (found["ProviderErrors"], found["ProviderFailures"], found["Fallbacks"]) == ([1.0], [0.0], [0.0])


def test_a_wrong_setting_is_logged_with_its_reason_and_without_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.log_unexpected(ConfigurationError("The secret env:X is not set"), "req_1")
    line = json.loads(capsys.readouterr().out)
    assert (line["reason"], "stack" in line) == ("The secret env:X is not set", False)


def test_two_stacks_in_one_account_count_apart(counted: Counted) -> None:
    telemetry.count(JobsInterrupted=1)
    assert set(counted()[0]) == {("JobsInterrupted", (("service", STACK),))}
