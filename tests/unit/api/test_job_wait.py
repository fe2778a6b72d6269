"""Waiting for a job: a passing failure does not end the call."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.errors import MeteringUnavailable, NotFound, RateLimitReached, StorageUnavailable
from audio_gateway.jobs.job import Job
from tests.unit.api.test_jobs import Gateway


class Failing:
    """A call that fails so many times before it works again."""

    def __init__(self, real: Any, times: int) -> None:
        self.real, self.left, self.calls = real, times, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        if self.left > 0:
            self.left -= 1
            raise StorageUnavailable("It does not answer.")
        return self.real(*arguments)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def job(gateway: Gateway) -> Job:
    return gateway.store.kept[gateway.write(("background", "true")).json["id"]]


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr("time.sleep", taken.append)
    return taken


def fail(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, times: int) -> Failing:
    failing = Failing(getattr(owner, name), times)
    monkeypatch.setattr(owner, name, failing)
    return failing


def test_an_unavailable_table_is_read_again(
    gateway: Gateway, job: Job, monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    gateway.run(job)
    looks = fail(monkeypatch, gateway.store, "get", 3)
    assert gateway.content(job.id, wait="25").status == 200
    assert (looks.calls, len(naps)) == (4, 3)


@pytest.mark.parametrize(("owner", "call"), [("store", "get"), ("files", "find"), ("files", "get")])
def test_the_next_redirect_is_another_try(
    gateway: Gateway,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    owner: str,
    call: str,
) -> None:
    gateway.run(job)
    fail(monkeypatch, getattr(gateway, owner), call, 1)
    answer = gateway.content(job.id, response_format="srt", hop="7")
    where = f"/v1/audio/jobs/{job.id}/content?wait=0&response_format=srt&hop=8"
    assert (answer.status, answer.headers["location"]) == (303, where)
    assert '"error":"StorageUnavailable"' in capsys.readouterr().out
    assert gateway.content(job.id, response_format="srt", hop="8").status == 200


def test_a_bucket_that_refuses_a_large_result_is_tried_again(
    gateway: Gateway, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.run(job)
    monkeypatch.setattr("audio_gateway.api.idempotency._MAX_PAYLOAD_BYTES", 10)
    gateway.results.broken = True
    assert gateway.content(job.id).headers["location"].endswith("&hop=1")
    gateway.results.broken = False
    assert gateway.content(job.id).headers["location"].startswith("https://bucket")


def test_on_the_last_redirect_it_is_a_504_that_no_sdk_repeats(
    gateway: Gateway, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.run(job)
    fail(monkeypatch, gateway.store, "get", 1)
    last = gateway.content(job.id, hop="20")
    assert (last.status, last.error["code"], last.headers["x-should-retry"]) == (504, "still_running", "false")
    assert "cannot be read now" in last.error["message"]
    assert f"/v1/audio/jobs/{job.id}/content" in last.error["message"]


def test_an_unknown_job_is_a_404_immediately(gateway: Gateway, job: Job, naps: list[float]) -> None:
    del gateway.store.kept[job.id]
    assert gateway.content(job.id, wait="25").error["code"] == "job_not_found"
    assert naps == []


def test_a_result_is_left_to_the_next_request_when_a_silent_bucket_would_take_too_long(
    gateway: Gateway, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.run(job)
    reads = fail(monkeypatch, gateway.files, "get", 0)
    monkeypatch.setattr("audio_gateway.api.http.request_scope.BUFFERED_LIMIT_S", 6.0)  # as if it had waited
    assert gateway.content(job.id, wait="25", hop="3").headers["location"].endswith("wait=25&hop=4")
    assert reads.calls == 0
    assert gateway.content(job.id, wait="25", hop="20").status == 200


def test_a_lasting_failure_ends_the_wait(
    gateway: Gateway, job: Job, monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    def gone(*_: Any) -> None:
        raise NotFound("It was deleted meanwhile.", code="job_not_found")

    gateway.run(job)
    monkeypatch.setattr(gateway.files, "find", gone)
    assert (gateway.content(job.id, wait="25").status, naps) == (404, [])


def test_a_poll_that_is_answered_immediately_takes_no_place(gateway: Gateway, job: Job, naps: list[float]) -> None:
    assert gateway.content(job.id, wait="0").status == 303
    gateway.run(job)
    assert gateway.content(job.id, wait="25").status == 200
    assert (gateway.waits.calls, naps) == (0, [])


def test_a_poll_that_waits_has_one_place_and_gives_it_back(
    gateway: Gateway, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def nap(_seconds: float) -> None:
        taken.append(len(gateway.waits.taken))
        if len(taken) == 3:
            gateway.run(job)

    monkeypatch.setattr("time.sleep", nap)
    assert gateway.content(job.id, wait="25").status == 200
    assert (taken, gateway.waits.taken, gateway.waits.calls) == ([1, 1, 1], set(), 2)


def test_the_place_is_given_back_whatever_ends_the_wait(
    gateway: Gateway, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: gateway.store.kept.clear())
    assert gateway.content(job.id, wait="25").error["code"] == "job_not_found"
    assert (gateway.waits.taken, gateway.waits.calls) == (set(), 2)


def test_a_poll_without_a_free_place_is_a_429_with_retry_after(gateway: Gateway, job: Job, naps: list[float]) -> None:
    gateway.waits.refuses = RateLimitReached("So many wait.", limit="concurrent_requests", retry_after_s=25)
    answer = gateway.content(job.id, wait="25")
    assert (answer.status, answer.headers["retry-after"], answer.error["code"]) == (429, "25", "rate_limit_exceeded")
    assert "x-should-retry" not in answer.headers
    assert naps == []
    gateway.run(job)
    assert gateway.content(job.id, wait="25").status == 200


def test_a_poll_whose_place_cannot_be_counted_is_redirected(gateway: Gateway, job: Job, naps: list[float]) -> None:
    gateway.waits.refuses = MeteringUnavailable("Not now.")
    answer = gateway.content(job.id, wait="25", hop="3")
    assert (answer.status, answer.headers["location"].endswith("hop=4"), naps) == (303, True, [])
