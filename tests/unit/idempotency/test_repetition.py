"""The outcomes of the attempts of one call, in whatever order they are processed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest

from audio_gateway.errors import AlreadyRunning, MeteringUnavailable, StorageUnavailable
from audio_gateway.idempotency.idempotency import StoredResult
from audio_gateway.idempotency.repetition import (
    MAX_RETRIES,
    REMEMBERED_S,
    STARTED_WITHIN_S,
    CallAttempt,
    RepeatableRun,
    Repetitions,
)
from audio_gateway.jobs.job import Job
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from tests.fakes.idempotency import FakeAttempts, FakePayments

NOW = 1_795_255_200


class Jobs:
    """Jobs by id, and unsuccessful reads."""

    def __init__(self) -> None:
        self.kept: dict[str, Job] = {}
        self.missed = threading.Event()

    def get(self, project_id: str, job_id: str, now_s: int) -> Job | None:
        assert (project_id, now_s >= NOW) == ("default", True)
        found = self.kept.get(job_id)
        if found is None:
            self.missed.set()
        return found

    def begin(self, job_id: str) -> None:
        self.kept[job_id] = Job(job_id, "default", "key_1", "speech", "tts-1", "queued", NOW, NOW + 600)


class Harness:
    """Where tries of one call come in."""

    def __init__(self) -> None:
        self.attempts, self.jobs, self.payments, self.now_s = FakeAttempts(), Jobs(), FakePayments(), NOW
        self.repetitions = Repetitions(self.attempts, self.jobs, self.payments, now_s=lambda: self.now_s, poll_s=0.001)
        self.tries = 0

    def come(self, retries: int | None) -> RepeatableRun:
        self.tries += 1
        attempt = CallAttempt("key_1", "print", f"req_{self.tries}", NOW * 1000 + 10 * self.tries, retries or 0, 0)
        return self.repetitions.begin(lambda: attempt, retries=retries, project_id="default")

    def begin(self, run: RepeatableRun, job_id: str) -> str:
        """The id of the job that the try ends up with."""
        other = run.becomes(job_id)
        if other is None:
            self.jobs.begin(job_id)
        return job_id if other is None else other.id


@pytest.fixture
def job_service() -> Harness:
    return Harness()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.idempotency.repetition._PATIENCE_S", 0.0)


def found_id(run: RepeatableRun) -> str | None:
    return run.found.id if isinstance(run.found, Job) else None


def test_an_ordinary_request_writes_nothing(job_service: Harness) -> None:
    with job_service.come(0):
        pass
    assert job_service.attempts.writes == 0


def test_a_job_is_one_write_and_is_found_by_each_repetition(job_service: Harness) -> None:
    assert job_service.begin(job_service.come(0), "job_1") == "job_1"
    assert job_service.attempts.writes == 1
    assert [found_id(job_service.come(1)), found_id(job_service.come(2))] == ["job_1", "job_1"]


def test_a_repetition_that_found_the_job_keeps_it_findable(job_service: Harness) -> None:
    job_service.begin(job_service.come(0), "job_1")
    job_service.now_s += 599
    assert found_id(job_service.come(1)) == "job_1"
    job_service.now_s += 599
    assert found_id(job_service.come(2)) == "job_1"


def test_the_same_request_once_more_is_another_job(job_service: Harness) -> None:
    assert job_service.begin(job_service.come(0), "job_1") == "job_1"
    assert job_service.begin(job_service.come(0), "job_2") == "job_2"
    assert found_id(job_service.come(1)) == "job_2"


@pytest.mark.parametrize("order", ["first, then the repetition", "the repetition, then first"])
def test_two_tries_that_are_measured_at_the_same_time_are_one_job(job_service: Harness, order: str) -> None:
    first, repetition = job_service.come(0), job_service.come(1)
    runs = [("job_2", repetition), ("job_1", first)]
    if order.startswith("the"):
        assert [job_service.begin(run, job_id) for job_id, run in runs] == ["job_2", "job_2"]
        return
    # The first one's caller has gone, and a repetition has spoken: it waits for what that one comes to.
    started: list[str] = []
    waiting = threading.Thread(target=lambda: started.append(job_service.begin(first, "job_1")))
    waiting.start()
    assert job_service.begin(repetition, "job_2") == "job_2"
    waiting.join(20)
    assert started == ["job_2"]


@pytest.mark.usefixtures("impatient")
def test_a_first_try_does_not_begin_a_job_while_a_repetition_works(job_service: Harness) -> None:
    first = job_service.come(0)
    job_service.come(1)  # fits, and is answered directly
    with pytest.raises(AlreadyRunning) as caught:
        job_service.begin(first, "job_1")
    assert caught.value.retry_after_s == 2
    assert job_service.jobs.kept == {}


def test_a_repetition_that_was_overtaken_joins_the_job_of_the_last_one(job_service: Harness) -> None:
    second, third = job_service.come(1), job_service.come(2)
    assert job_service.begin(third, "job_3") == "job_3"
    assert job_service.begin(second, "job_2") == "job_3"


def test_a_repetition_waits_for_a_job_that_is_about_to_begin(job_service: Harness) -> None:
    first = job_service.come(0)
    assert first.becomes("job_1") is None
    found: list[str | None] = []
    waiting = threading.Thread(target=lambda: found.append(found_id(job_service.come(1))))
    waiting.start()
    assert job_service.jobs.missed.wait(20)
    job_service.jobs.begin("job_1")
    waiting.join(20)
    assert found == ["job_1"]


def test_a_repetition_begins_the_job_that_the_first_try_could_not(job_service: Harness) -> None:
    first = job_service.come(0)
    assert first.becomes("job_1") is None
    first.__exit__(StorageUnavailable, StorageUnavailable("no bucket"), None)
    repetition = job_service.come(1)
    assert (repetition.found, job_service.begin(repetition, "job_2")) == (None, "job_2")


@pytest.mark.usefixtures("impatient")
def test_a_job_whose_process_died_before_it_began_is_begun_by_a_repetition_but_not_too_soon(
    job_service: Harness,
) -> None:
    job_service.come(0).becomes("job_1")
    job_service.now_s += 5
    with pytest.raises(AlreadyRunning) as caught:
        job_service.come(1)
    assert caught.value.retry_after_s == STARTED_WITHIN_S - 5
    job_service.now_s += STARTED_WITHIN_S
    repetition = job_service.come(2)
    assert (repetition.found, job_service.begin(repetition, "job_2")) == (None, "job_2")


def test_a_stored_answer_is_found(job_service: Harness) -> None:
    result = StoredResult("results/default/x", "tts-1")
    job_service.come(0).remember(result)
    assert [job_service.come(1).found, job_service.come(2).found] == [result, result]
    assert job_service.begin(job_service.come(0), "job_1") == "job_1"


def test_a_first_try_begins_no_job_when_a_repetition_was_answered(job_service: Harness) -> None:
    first = job_service.come(0)
    job_service.come(1).remember(StoredResult("results/default/x", "tts-1"))
    with pytest.raises(AlreadyRunning):
        job_service.begin(first, "job_1")


def test_a_first_try_is_not_lost_with_its_write(job_service: Harness) -> None:
    job_service.attempts.broken = True
    run = job_service.come(0)
    assert job_service.begin(run, "job_1") == "job_1"
    run.remember(StoredResult("results/default/x", "tts-1"))


def test_a_repetition_does_nothing_while_the_outcome_cannot_be_read(job_service: Harness) -> None:
    job_service.attempts.broken = True
    with pytest.raises(StorageUnavailable):
        job_service.come(1)
    job_service.attempts.broken = False
    run = job_service.come(1)
    job_service.attempts.broken = True
    with pytest.raises(StorageUnavailable):
        job_service.begin(run, "job_1")


Step = Callable[[], Any]


def interleavings(one: tuple[str, ...], two: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not one or not two:
        yield one + two
        return
    yield from ((one[0], *rest) for rest in interleavings(one[1:], two))
    yield from ((two[0], *rest) for rest in interleavings(one, two[1:]))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("order", list(interleavings(("1 claims", "1 begins"), ("2 comes", "2 claims", "2 begins"))))
def test_no_order_of_two_tries_makes_two_jobs(job_service: Harness, order: tuple[str, ...]) -> None:
    runs = {"1": job_service.come(0)}
    ours: dict[str, bool] = {}
    for who, what in (step.split() for step in order):
        try:
            if what == "comes":
                runs[who] = job_service.come(1)
                ours[who] = runs[who].found is None
            elif what == "claims" and ours.get(who, True):
                ours[who] = runs[who].becomes(f"job_{who}") is None
            elif what == "begins" and ours.get(who):
                job_service.jobs.begin(f"job_{who}")
        except AlreadyRunning:
            ours[who] = False
    assert len(job_service.jobs.kept) == 1


def test_the_record_of_an_attempt_has_no_text(job_service: Harness) -> None:
    job_service.begin(job_service.come(0), "job_1")
    (said,) = job_service.attempts.existing.values()
    assert said == replace(cast("Any", said), job_id="job_1", result=None, expires_s=NOW + REMEMBERED_S)


# ------------------------------------------------------------ who pays
def hold_of(run: RepeatableRun) -> Hold:
    work = MeteredRequest(run.attempt.request_id, "speech", "tts-1", "characters", 6, 90, 60)
    return Hold(Payer("key_1", "default"), work, run.attempt.began_ms + 1, run.attempt.began_ms // 1000 + 960)


def end(job_service: Harness, run: RepeatableRun, *, dies: bool = False) -> bool:
    """End an attempt with an answer; whether its hold pays. It may die before it is charged."""
    pays = run.pays(hold_of(run))
    if pays and not dies:
        job_service.payments.paid.add(run.attempt.request_id)
    return pays


def test_an_attempt_of_an_sdk_pays_and_its_repetitions_are_free(job_service: Harness) -> None:
    assert end(job_service, job_service.come(0))
    for retries in (1, 2):
        repetition = job_service.come(retries)
        assert repetition.is_paid
        assert not end(job_service, repetition)


def test_a_client_that_counts_no_attempts_pays_each_time_and_writes_nothing(job_service: Harness) -> None:
    assert end(job_service, job_service.come(None))
    assert end(job_service, job_service.come(None))
    assert job_service.attempts.writes == 0


@pytest.mark.parametrize("ends_first", [0, 1])
def test_of_two_attempts_that_run_at_the_same_time_the_first_to_end_pays(job_service: Harness, ends_first: int) -> None:
    runs = [job_service.come(0), job_service.come(1)]
    assert not runs[1].is_paid
    assert end(job_service, runs[ends_first])
    assert not end(job_service, runs[1 - ends_first])
    assert job_service.come(2).is_paid


def test_a_repetition_that_is_refused_after_an_attempt_has_ended_does_not_make_it_free(job_service: Harness) -> None:
    first, repetition = job_service.come(0), job_service.come(1)
    with suppress(StorageUnavailable), repetition:
        assert end(job_service, first)
        raise StorageUnavailable("refused")
    assert job_service.come(2).is_paid


def test_of_equal_repetitions_that_run_while_an_attempt_pays_one_is_free(job_service: Harness) -> None:
    first, *repetitions = (job_service.come(retries) for retries in (0, 1, 1, 1))
    assert end(job_service, first)
    assert [end(job_service, repetition) for repetition in repetitions] == [False, True, True]


def test_a_repetition_pays_for_an_attempt_that_dies_before_it_is_charged_while_both_run(job_service: Harness) -> None:
    first, repetition = job_service.come(0), job_service.come(1)
    assert end(job_service, first, dies=True)
    assert end(job_service, repetition)
    assert job_service.payments.cancelled == {"req_1"}
    assert job_service.come(2).is_paid


def test_two_equal_calls_at_the_same_time_are_both_paid(job_service: Harness) -> None:
    one, other = job_service.come(0), job_service.come(0)
    assert end(job_service, other)
    assert end(job_service, one)


def test_a_payment_of_an_earlier_equal_call_does_not_pay_for_the_next_one(job_service: Harness) -> None:
    assert end(job_service, job_service.come(0))
    job_service.tries += 5
    first, repetition = job_service.come(0), job_service.come(1)
    assert repetition.is_paid  # by the call before, which cannot be told from its own
    assert end(job_service, first)
    assert not end(job_service, repetition)


def test_a_repetition_without_a_first_attempt_pays(job_service: Harness) -> None:
    assert end(job_service, job_service.come(1))


def test_one_payment_covers_each_count_once(job_service: Harness) -> None:
    end(job_service, job_service.come(0))
    assert job_service.come(1).is_paid
    again = job_service.come(1)
    assert not again.is_paid
    assert end(job_service, again)


def test_one_payment_covers_no_more_repetitions_than_an_sdk_makes(job_service: Harness) -> None:
    end(job_service, job_service.come(0))
    assert job_service.come(MAX_RETRIES).is_paid
    assert end(job_service, job_service.come(MAX_RETRIES + 1))


def test_a_payment_is_forgotten_after_a_while(job_service: Harness) -> None:
    end(job_service, job_service.come(0))
    job_service.now_s += REMEMBERED_S
    assert end(job_service, job_service.come(1))


def test_a_repetition_pays_for_an_attempt_that_died_before_it_was_charged(job_service: Harness) -> None:
    end(job_service, job_service.come(0), dies=True)
    repetition = job_service.come(1)
    assert not repetition.is_paid
    assert end(job_service, repetition)
    assert job_service.payments.cancelled == {"req_1"}
    assert job_service.come(2).is_paid


def test_a_repetition_does_not_pay_when_an_attempt_is_charged_while_it_runs(job_service: Harness) -> None:
    first = job_service.come(0)
    assert end(job_service, first, dies=True)
    repetition = job_service.come(1)
    job_service.payments.paid.add(first.attempt.request_id)  # its process was only slow
    assert not end(job_service, repetition)


def test_a_caller_has_the_benefit_of_the_doubt_whether_an_attempt_was_charged(job_service: Harness) -> None:
    end(job_service, job_service.come(0), dies=True)
    repetition = job_service.come(1)
    job_service.payments.fails = MeteringUnavailable("down")
    assert not end(job_service, repetition)


def test_an_attempt_pays_if_that_cannot_be_recorded(job_service: Harness) -> None:
    run = job_service.come(0)
    job_service.attempts.broken = True
    assert end(job_service, run)


def test_a_repetition_that_fails_leaves_the_payment_to_the_attempt_that_still_runs(job_service: Harness) -> None:
    first, repetition = job_service.come(0), job_service.come(1)
    with pytest.raises(StorageUnavailable), repetition:
        raise StorageUnavailable("no bucket")
    assert end(job_service, first)


def test_a_repetition_that_fails_does_not_lose_the_payment_before_it(job_service: Harness) -> None:
    end(job_service, job_service.come(0))
    with pytest.raises(StorageUnavailable), job_service.come(1):
        raise StorageUnavailable("no bucket")
    assert job_service.come(2).is_paid


def test_a_repetition_whose_caller_hangs_up_has_paid_for_the_next_one(job_service: Harness) -> None:
    repetition = job_service.come(1)
    with suppress(GeneratorExit), repetition:
        end(job_service, repetition)
        raise GeneratorExit
    assert job_service.come(2).is_paid
