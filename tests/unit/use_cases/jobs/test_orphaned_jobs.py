"""Orphaned jobs: they are found, ended by the rules of any other end, and published once."""

from __future__ import annotations

import pytest

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderUnavailable, StorageUnavailable
from audio_gateway.jobs.job import Job, JobRef
from audio_gateway.use_cases.jobs.cancel import cancel_job, cancel_unless_over, delete_job
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, PARTIAL, RESULT
from audio_gateway.use_cases.jobs.orphaned import ASK_AGAIN_S, STARTING_S, OrphanedJobs
from audio_gateway.use_cases.jobs.request import REQUEST_FILE
from tests.fakes.jobs import Killed
from tests.unit.use_cases.jobs.job_harness import END_MS, SAID, JobHarness

pytestmark = pytest.mark.slow

PATIENCE_S = 120
DOWN = ProviderUnavailable("It is down.", provider="fake")


class Watched(JobHarness):
    """A harness with a sweeper that finds orphaned jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.down = False
        self.lost = OrphanedJobs(
            self.job_service.store,
            self.executions,
            self.end,
            self.ask_to_cancel,
            PATIENCE_S,
            lambda: self.now_ms // 1000,
        )

    def end(self, job: JobRef) -> None:
        assert job.project_id == "default"
        if self.down:
            raise StorageUnavailable("Not now.")
        self.asked.append(job.id)

    def ask_to_cancel(self, job: JobRef) -> None:
        self.end(job)
        cancel_unless_over(job, Deadline.after(60), deps=self.ending)

    def look(self, *, after_s: int = PATIENCE_S + 1) -> list[str]:
        """Sweep so much later; returns the jobs whose end is requested."""
        self.now_ms += after_s * 1000
        report = self.lost.end_them()
        assert report.failures == []
        return [job.id for job in report.ended]

    def interrupt(self, job: Job) -> Job:
        """Stop the job's execution from outside, sweep, and end the job."""
        self.executions.stopped.append(job.id)
        assert self.look() == [job.id] == self.asked
        self.fail(job, INTERRUPTED)
        return self.now(job)


@pytest.fixture
def harness() -> Watched:
    return Watched()


def test_a_job_that_an_operator_cancels_is_stopped_and_charged_for_the_done_part(harness: Watched) -> None:
    job = harness.listen()
    numbers = harness.prepare(job)
    harness.chunk(job, numbers[0])
    assert harness.store.request_cancel(job.id)
    assert harness.look(after_s=STARTING_S) == []
    ended = harness.now(job)
    assert (ended.status, ended.partial, harness.executions.stopped) == ("cancelled", True, [job.id])
    assert ended.amount is not None
    assert 0 < ended.amount < END_MS
    assert harness.accounts.spent == -(-ended.amount * 6000 // 60_000)
    assert (harness.accounts.holds, harness.accounts.pending_settlements, harness.store.open) == ({}, {}, {})
    assert harness.files.names(job.ref) == {REQUEST_FILE, PARTIAL}
    assert [published.status for published in harness.published] == ["cancelled"]
    assert not harness.store.request_cancel(job.id)


def test_a_starting_job_is_not_cancelled_yet(harness: Watched) -> None:
    job = harness.listen()
    harness.store.request_cancel(job.id)
    harness.look(after_s=STARTING_S - 1)
    assert (harness.now(job).status, harness.executions.stopped) == ("queued", [])
    harness.look(after_s=1)
    assert (harness.now(job).status, harness.store.open, harness.accounts.holds) == ("cancelled", {}, {})


def test_a_job_that_was_over_before_the_cancel_stays_unchanged(harness: Watched) -> None:
    job = harness.listen()
    numbers = harness.prepare(job)
    for number in numbers:
        harness.chunk(job, number)
    listed = dict(harness.store.open)
    harness.merge(job)
    harness.store.open = listed  # its last write did not take effect
    harness.store.request_cancel(job.id)
    harness.look(after_s=STARTING_S)
    assert (harness.now(job).status, harness.heard(job), harness.store.open) == ("succeeded", SAID, {})
    assert len(harness.accounts.rows) == 1


def test_a_running_job_is_left_alone(harness: Watched) -> None:
    harness.listen()
    assert harness.look() == []


def test_a_young_job_may_still_get_its_execution(harness: Watched) -> None:
    job = harness.listen()
    harness.executions.started.clear()
    assert harness.look(after_s=PATIENCE_S - 1) == []
    assert harness.look(after_s=1) == [job.id]


def test_a_running_job_that_is_not_listed_yet_is_left_alone(harness: Watched) -> None:
    job = harness.listen()
    harness.executions.unlisted.add(job.id)
    assert harness.look() == []


def test_an_interrupted_job_fails_and_is_charged_for_the_done_part(harness: Watched) -> None:
    job = harness.listen()
    numbers = harness.prepare(job)
    harness.files.put_json(
        job.ref, f"failed/{numbers[-1]}", {"message": "tried", "code": None, "status": 503, "kind": "x"}
    )
    for number in numbers[:2]:
        harness.chunk(job, number)
    ended = harness.interrupt(job)
    assert (ended.status, ended.partial, ended.error.code) == ("failed", True, "job_interrupted")
    assert ended.error.message == INTERRUPTED.message + " The rest is kept as a partial result."
    assert harness.heard(job) == SAID[: len(harness.heard(job))]
    assert ended.amount is not None
    assert 0 < ended.amount < END_MS
    assert harness.accounts.spent == -(-ended.amount * 6000 // 60_000)
    assert (harness.accounts.holds, harness.accounts.pending_settlements, harness.store.open) == ({}, {}, {})
    assert [published.status for published in harness.published] == ["failed"]
    assert harness.look(after_s=ASK_AGAIN_S) == []


@pytest.mark.parametrize("prepared", [False, True])
def test_an_interrupted_job_without_any_done_chunk_costs_nothing(harness: Watched, prepared: bool) -> None:
    job = harness.listen()
    if prepared:
        harness.prepare(job)
    ended = harness.interrupt(job)
    assert (ended.status, ended.partial, ended.error) == ("failed", False, INTERRUPTED)
    assert (harness.accounts.holds, harness.accounts.rows, harness.store.open) == ({}, {}, {})


def test_an_interrupted_job_with_all_chunks_done_has_succeeded(harness: Watched) -> None:
    job = harness.listen()
    for number in harness.prepare(job):
        harness.chunk(job, number)
    ended = harness.interrupt(job)
    assert (ended.status, ended.error, harness.heard(job)) == ("succeeded", None, SAID)


def test_an_interrupted_job_whose_result_cannot_be_made_fails(harness: Watched) -> None:
    job = harness.listen()
    for number in harness.prepare(job):
        harness.chunk(job, number)
    harness.files.put(job.ref, "parts/0", b"neither is this a transcript")
    ended = harness.interrupt(job)
    assert (ended.status, ended.partial, ended.work, ended.error) == ("failed", False, None, INTERRUPTED)
    assert (harness.accounts.holds, harness.accounts.rows, harness.files.get(job.ref, RESULT)) == ({}, {}, None)


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled", "deleted"])
def test_a_job_that_is_over_is_not_checked(harness: Watched, end: str) -> None:
    job = harness.listen()
    harness.provider.fails = lambda _number: DOWN if end == "failed" else None
    if end == "cancelled":
        cancel_job(job, deps=harness.stopping)
    elif end == "deleted":
        delete_job(job, deps=harness.stopping)
    else:
        assert harness.run(job).status == end
    harness.executions.stopped.append(job.id)
    assert harness.store.open == {}
    assert harness.look() == []


def test_an_end_that_did_not_happen_is_requested_again(harness: Watched) -> None:
    job = harness.listen()
    harness.executions.stopped.append(job.id)
    assert harness.look() == [job.id]
    assert harness.look(after_s=ASK_AGAIN_S - 1) == []
    assert harness.look(after_s=1) == [job.id]


def test_of_two_simultaneous_sweeps_one_requests_the_end(harness: Watched) -> None:
    job = harness.listen()
    harness.executions.stopped.append(job.id)
    seen = harness.store.open_jobs()
    assert harness.look() == [job.id]
    harness.store.open_jobs = lambda: seen
    assert harness.look(after_s=0) == []


def test_a_sweep_without_time_for_all_jobs_leaves_the_rest_to_the_next(harness: Watched) -> None:
    jobs = [harness.listen() for _ in range(3)]
    harness.executions.stopped += [job.id for job in jobs]
    harness.now_ms += (PATIENCE_S + 1) * 1000
    report = harness.lost.end_them(late=lambda: bool(harness.asked))
    assert ([job.id for job in report.ended], report.left) == ([jobs[0].id], 2)
    assert harness.look(after_s=0) == [job.id for job in jobs[1:]]


@pytest.mark.parametrize("what", ["executions", "end"])
def test_a_service_that_is_down_is_reported_and_stops_nothing(harness: Watched, what: str) -> None:
    jobs = [harness.listen(), harness.listen()]
    harness.executions.stopped += [job.id for job in jobs]
    harness.executions.fails = StorageUnavailable("Not now.") if what == "executions" else None
    harness.down = what == "end"
    harness.now_ms += PATIENCE_S * 1000
    report = harness.lost.end_them()
    assert report.ended == []
    assert [job_id for job_id, _ in report.failures] == ([None] if what == "executions" else [job.id for job in jobs])
    harness.executions.fails, harness.down = None, False
    assert harness.look(after_s=ASK_AGAIN_S) == [job.id for job in jobs]


@pytest.mark.parametrize("kind", ["listen", "speak"])
def test_a_start_killed_after_any_write_leaves_nothing_open(kind: str) -> None:
    """A hold alone, before the job exists, is left to the sweeper when it expires."""
    for kill_after in range(1, 20):
        harness = Watched()
        harness.kill_switch.writes_left = kill_after
        try:
            harness.listen() if kind == "listen" else harness.speak()
        except Killed:
            harness.kill_switch.writes_left = None
        else:
            return
        begun = set(harness.store.open)
        assert set(harness.look()) == begun
        for job_id in begun:
            harness.fail(Job(job_id, "default", "key_1", "speech", "x", "queued", 0, 0), INTERRUPTED)
        assert harness.store.open == {}
        assert all(job.status == "failed" for job in harness.store.kept.values())
        assert harness.accounts.holds == {} or harness.store.kept == {}
        assert (harness.accounts.rows, harness.executions.started) == ({}, [])
    raise AssertionError("a start has more writes than are tried")


@pytest.mark.parametrize("what", ["end", "cancel"])
def test_an_end_killed_after_any_write_is_completed_by_the_next(what: str) -> None:
    for kill_after in range(1, 30):
        harness = Watched()
        job = harness.listen()
        numbers = harness.prepare(job)
        harness.chunk(job, numbers[0])
        harness.executions.stopped.append(job.id)
        harness.kill_switch.writes_left = kill_after
        try:
            if what == "end":
                harness.fail(job, INTERRUPTED)
            else:
                cancel_job(harness.now(job), deps=harness.stopping)
        except Killed:
            harness.kill_switch.writes_left = None
            if harness.store.open:
                assert harness.look() == [job.id]
                harness.fail(job, INTERRUPTED)
        else:
            return
        ended = harness.now(job)
        assert ended.is_final
        assert (harness.accounts.holds, harness.accounts.pending_settlements, harness.store.open) == ({}, {}, {})
        assert harness.accounts.spent == (0 if ended.work is None else ended.work.price_microusd)
        assert {published.status for published in harness.published} == {ended.status}
    raise AssertionError("an end has more writes than are tried")
