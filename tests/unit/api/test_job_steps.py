"""The steps as the state machine calls them: a failure is named for it, and stored for the caller."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Never

import pytest

from audio_gateway.errors import (
    ConfigurationError,
    ProviderKeyUnreadable,
    ProviderQuotaExhausted,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimedOut,
    ProviderUnavailable,
    StorageUnavailable,
)
from audio_gateway.jobs.job import Job
from audio_gateway.workers.job_steps import (
    DIED,
    Permanent,
    Retryable,
    Throttled,
    chunk_handler,
    end_handler,
    job_error,
    merge_handler,
    prepare_handler,
)
from tests.fakes.gateway import Context
from tests.fakes.providers import model
from tests.unit.use_cases.jobs.job_harness import SAID, JobHarness


@pytest.fixture
def harness() -> JobHarness:
    return JobHarness()


def event(job: Job, **more: Any) -> dict[str, Any]:
    return {"project_id": job.project_id, "job_id": job.id, **more}


def test_all_steps_one_after_the_other(harness: JobHarness) -> None:
    job = harness.listen()
    lanes = prepare_handler(harness.preparation)(event(job), Context(900_000))["lanes"]
    assert len(lanes) == 2
    for number in (number for lane in lanes for number in lane):
        assert chunk_handler(harness.chunk_work, "transcription")(event(job, number=number), Context(900_000)) is None
    assert merge_handler(harness.ending)(event(job), Context(900_000)) is None
    assert (harness.now(job).status, harness.heard(job)) == ("succeeded", SAID)


@pytest.mark.parametrize(
    ("error", "raised", "status"),
    [
        (ProviderUnavailable("Down.", provider="fake"), Retryable, 503),
        (ProviderTimedOut("Slow.", provider="fake"), Retryable, 504),
        (ProviderRateLimited("Too much.", provider="fake", retry_after_s=3), Throttled, 429),
        (ProviderRejected("My secret text.", provider="fake", upstream_status=413), Permanent, 413),
        (ProviderQuotaExhausted("No money.", provider="fake"), Permanent, 503),
        (ConfigurationError("The key at ssm:/x is wrong."), Permanent, 500),
        (ProviderKeyUnreadable("No key.", provider="fake", reason="The secret ssm:/x is empty"), Retryable, 502),
        (KeyError("a bug with my secret text"), Retryable, 500),
    ],
)
def test_a_failure_is_named_for_the_state_machine_and_stored_for_the_caller(
    harness: JobHarness, error: Any, raised: type[Exception], status: int
) -> None:
    job = harness.listen()
    harness.prepare(job)
    harness.provider.fails = lambda _number: error
    with pytest.raises(raised) as caught:
        chunk_handler(harness.chunk_work, "transcription")(event(job, number=1), Context(900_000))
    assert str(caught.value) == type(error).__name__  # no text of a caller gets into the history
    kept = harness.files.get_json(job.ref, "failed/1")
    assert kept["status"] == status
    assert "ssm" not in kept["message"]
    assert "bug" not in kept["message"]


def test_no_step_is_blamed_for_work_that_was_stopped_from_outside(harness: JobHarness) -> None:
    job = harness.listen()
    harness.prepare(job)
    harness.files.put_json(
        job.ref, "error.json", {"message": "tried", "code": None, "status": 500, "kind": "server_error"}
    )
    end_handler(harness.ending)(event(job, interrupted=True), Context(900_000))
    assert (harness.now(job).status, harness.now(job).error.code) == ("failed", "job_interrupted")


def test_a_job_that_an_operator_wants_cancelled_is_cancelled(harness: JobHarness) -> None:
    job = harness.listen()
    number, *_ = harness.prepare(job)
    harness.chunk(job, number)
    end_handler(harness.ending)(event(job, cancelled=True), Context(900_000))
    assert (harness.now(job).status, harness.now(job).partial, harness.now(job).error) == ("cancelled", True, None)
    end_handler(harness.ending)(
        {"project_id": "default", "job_id": "job_of_nobody", "cancelled": True}, Context(900_000)
    )


def test_a_step_that_fails_for_good_ends_the_job_with_its_error(harness: JobHarness) -> None:
    job = harness.listen(audio=b"<!doctype html>" + bytes(500))
    with pytest.raises(Permanent, match="InvalidAudio"):
        prepare_handler(harness.preparation)(event(job), Context(900_000))
    end_handler(harness.ending)(event(job, error={"Error": "Permanent"}), Context(900_000))
    ended = harness.now(job)
    assert (ended.status, ended.error.status, ended.error.param) == ("failed", 400, "file")


def test_a_job_that_lambda_could_not_run_reports_it_and_may_be_retried(harness: JobHarness) -> None:
    job = harness.listen()
    harness.prepare(job)
    harness.files.put_json(
        job.ref, "error.json", {"message": "tried", "code": None, "status": 500, "kind": "server_error"}
    )
    end_handler(harness.ending)(event(job, error="Lambda.TooManyRequestsException"), Context(900_000))
    ended = harness.now(job)
    assert (ended.status, ended.error.status, ended.error.code) == ("failed", 503, "service_busy")
    assert "too busy" in ended.error.message
    assert ended.error.retry


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (None, [0]),
        (ProviderUnavailable("Down.", provider="fake"), [1]),
        (ProviderRejected("No.", provider="fake", upstream_status=413), [0]),
        (ConfigurationError("The key at ssm:/x is wrong."), []),
    ],
)
def test_a_chunk_counts_its_provider_call(
    harness: JobHarness, error: Any, failures: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    job = harness.listen()
    harness.prepare(job)
    harness.provider.fails = lambda _number: error
    with contextlib.suppress(Retryable, Permanent):
        chunk_handler(harness.chunk_work, "transcription")(event(job, number=1), Context(900_000))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ProviderFailures" in line]
    assert [value for line in lines for value in line["ProviderFailures"]] == failures


def test_a_chunk_done_by_a_fallback_logs_the_failed_model(capsys: pytest.CaptureFixture[str]) -> None:
    harness = JobHarness(model("first", chunk_seconds=4.0, fallbacks=("second",)), model("second", chunk_seconds=4.0))
    job = harness.listen("first")
    harness.prepare(job)
    late = ProviderTimedOut("Late.", provider="fake")
    harness.provider.fails = lambda _number: late if harness.provider.asked[-1].model == "up-first" else None
    chunk_handler(harness.chunk_work, "transcription")(event(job, number=1), Context(900_000))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (step,) = [line for line in lines if line.get("message") == "job step"]
    assert step["failed"] == [{"model": "first", "provider": "fake", "error": "ProviderTimedOut"}]
    assert "error" not in step
    assert [line["Fallbacks"] for line in lines if "Fallbacks" in line] == [[1.0]]
    assert [line["ProviderErrors"] for line in lines if line.get("provider") == "fake"] == [[1.0]]


def test_a_step_that_died_without_a_reason(harness: JobHarness) -> None:
    job = harness.listen()
    harness.prepare(job)
    end_handler(harness.ending)(event(job), Context(900_000))
    ended = harness.now(job)
    assert (ended.status, ended.error.status, harness.accounts.holds) == ("failed", 500, {})


@pytest.mark.parametrize("error", DIED)
def test_a_file_that_kills_its_function_is_blamed(harness: JobHarness, error: str) -> None:
    job = harness.listen()
    end_handler(harness.ending)(event(job, error=error), Context(900_000))
    ended = harness.now(job).error
    assert (ended.status, ended.code, ended.param, ended.retry) == (400, "input_too_long", "file", False)
    assert "limits of time and memory" in ended.message


def test_a_step_that_died_after_the_reading_blames_no_file(harness: JobHarness) -> None:
    job = harness.listen()
    harness.prepare(job)
    end_handler(harness.ending)(event(job, error=DIED[0]), Context(900_000))
    assert harness.now(job).error.status == 500


def test_a_step_without_memory_is_not_tried_again(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> Never:
        raise MemoryError

    job = harness.listen()
    monkeypatch.setattr(harness.files, "reader", full)
    with pytest.raises(Permanent, match="MemoryError"):
        prepare_handler(harness.preparation)(event(job), Context(900_000))


def test_an_unavailable_bucket_hides_no_error(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_arguments: Any) -> Never:
        raise StorageUnavailable("Not now.")

    job = harness.listen()
    monkeypatch.setattr(harness.files, "put", down)
    with pytest.raises(Retryable, match="StorageUnavailable"):
        prepare_handler(harness.preparation)(event(job), Context(900_000))


def test_a_job_s_error_is_that_of_the_synchronous_call(harness: JobHarness) -> None:
    error = job_error(ProviderQuotaExhausted("No money.", provider="fake"), "job_1")
    assert (error.status, error.kind, error.retry) == (503, "service_unavailable_error", False)
