"""Jobs whose work has stopped before they were over: found, ended by the rules, and told once."""

from __future__ import annotations

import pytest

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderUnavailable, StorageUnavailable
from audio_gateway.jobs.job import Job
from audio_gateway.use_cases.jobs.cancel import cancel_job, delete_job
from audio_gateway.use_cases.jobs.cancelled import cancel_unless_over
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, PARTIAL, RESULT
from audio_gateway.use_cases.jobs.orphaned import ASK_AGAIN_S, STARTING_S, OrphanedJobs
from audio_gateway.use_cases.jobs.request import REQUEST_FILE
from tests.fakes.jobs import Killed
from tests.unit.use_cases.jobs.job_harness import END_MS, SAID, Workshop

PATIENCE_S = 120
DOWN = ProviderUnavailable("It is down.", provider="fake")


class Watched(Workshop):
    """With somebody who looks for lost jobs."""

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

    def end(self, project_id: str, job_id: str) -> None:
        assert project_id == "default"
        if self.down:
            raise StorageUnavailable("Not now.")
        self.asked.append(job_id)

    def ask_to_cancel(self, project_id: str, job_id: str) -> None:
        self.end(project_id, job_id)
        cancel_unless_over(project_id, job_id, Deadline.after(60), deps=self.ending)

    def look(self, *, after_s: int = PATIENCE_S + 1) -> list[str]:
        """Whose end is asked for, so much later."""
        self.now_ms += after_s * 1000
        report = self.lost.end_them()
        assert report.failures == []
        return [job.id for job in report.ended]

    def interrupt(self, job: Job) -> Job:
        """The execution is ended from outside, that is found, and the job is ended."""
        self.executions.stopped.append(job.id)
        assert self.look() == [job.id] == self.asked
        self.fail(job, INTERRUPTED)
        return self.now(job)


@pytest.fixture
def shop() -> Watched:
    return Watched()


def test_a_job_that_an_operator_wants_cancelled_is_stopped_and_costs_what_was_done(shop: Watched) -> None:
    job = shop.listen()
    numbers = shop.prepare(job)
    shop.chunk(job, numbers[0])
    assert shop.store.ask_to_cancel(job.id)
    assert shop.look(after_s=STARTING_S) == []
    ended = shop.now(job)
    assert (ended.status, ended.partial, shop.executions.stopped) == ("cancelled", True, [job.id])
    assert ended.amount is not None
    assert 0 < ended.amount < END_MS
    assert shop.bank.spent == -(-ended.amount * 6000 // 60_000)
    assert (shop.bank.holds, shop.bank.evidence, shop.store.open) == ({}, {}, {})
    assert shop.files.names(job) == {REQUEST_FILE, PARTIAL}
    assert [told.status for told in shop.told] == ["cancelled"]
    assert not shop.store.ask_to_cancel(job.id)


def test_a_job_that_is_being_begun_is_not_cancelled_yet(shop: Watched) -> None:
    job = shop.listen()
    shop.store.ask_to_cancel(job.id)
    shop.look(after_s=STARTING_S - 1)
    assert (shop.now(job).status, shop.executions.stopped) == ("queued", [])
    shop.look(after_s=1)
    assert (shop.now(job).status, shop.store.open, shop.bank.holds) == ("cancelled", {}, {})


def test_a_job_that_was_over_when_it_was_to_be_cancelled_stays_as_it_is(shop: Watched) -> None:
    job = shop.listen()
    numbers = shop.prepare(job)
    for number in numbers:
        shop.chunk(job, number)
    listed = dict(shop.store.open)
    shop.merge(job)
    shop.store.open = listed  # its last write did not take effect
    shop.store.ask_to_cancel(job.id)
    shop.look(after_s=STARTING_S)
    assert (shop.now(job).status, shop.heard(job), shop.store.open) == ("succeeded", SAID, {})
    assert len(shop.bank.rows) == 1


def test_a_job_that_is_worked_on_is_left_alone(shop: Watched) -> None:
    shop.listen()
    assert shop.look() == []


def test_a_young_job_may_still_get_its_execution(shop: Watched) -> None:
    job = shop.listen()
    shop.executions.started.clear()
    assert shop.look(after_s=PATIENCE_S - 1) == []
    assert shop.look(after_s=1) == [job.id]


def test_what_runs_and_is_not_in_the_list_yet_is_left_alone(shop: Watched) -> None:
    job = shop.listen()
    shop.executions.unlisted.add(job.id)
    assert shop.look() == []


def test_an_interrupted_job_fails_with_what_was_done_and_is_charged_for_that(shop: Watched) -> None:
    job = shop.listen()
    numbers = shop.prepare(job)
    shop.files.put_json(job, f"failed/{numbers[-1]}", {"message": "tried", "code": None, "status": 503, "kind": "x"})
    for number in numbers[:2]:
        shop.chunk(job, number)
    ended = shop.interrupt(job)
    assert (ended.status, ended.partial, ended.error.code) == ("failed", True, "job_interrupted")
    assert ended.error.message == INTERRUPTED.message + " The rest is kept as a partial result."
    assert shop.heard(job) == SAID[: len(shop.heard(job))]
    assert ended.amount is not None
    assert 0 < ended.amount < END_MS
    assert shop.bank.spent == -(-ended.amount * 6000 // 60_000)
    assert (shop.bank.holds, shop.bank.evidence, shop.store.open) == ({}, {}, {})
    assert [told.status for told in shop.told] == ["failed"]
    assert shop.look(after_s=ASK_AGAIN_S) == []


@pytest.mark.parametrize("prepared", [False, True])
def test_an_interrupted_job_of_which_nothing_was_done_costs_nothing(shop: Watched, prepared: bool) -> None:
    job = shop.listen()
    if prepared:
        shop.prepare(job)
    ended = shop.interrupt(job)
    assert (ended.status, ended.partial, ended.error) == ("failed", False, INTERRUPTED)
    assert (shop.bank.holds, shop.bank.rows, shop.store.open) == ({}, {}, {})


def test_a_job_whose_chunks_were_all_done_has_succeeded(shop: Watched) -> None:
    job = shop.listen()
    for number in shop.prepare(job):
        shop.chunk(job, number)
    ended = shop.interrupt(job)
    assert (ended.status, ended.error, shop.heard(job)) == ("succeeded", None, SAID)


def test_an_interrupted_job_whose_result_cannot_be_made_fails(shop: Watched) -> None:
    job = shop.listen()
    for number in shop.prepare(job):
        shop.chunk(job, number)
    shop.files.put(job, "parts/0", b"neither is this a transcript")
    ended = shop.interrupt(job)
    assert (ended.status, ended.partial, ended.work, ended.error) == ("failed", False, None, INTERRUPTED)
    assert (shop.bank.holds, shop.bank.rows, shop.files.get(job, RESULT)) == ({}, {}, None)


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled", "deleted"])
def test_a_job_that_is_over_is_not_looked_for(shop: Watched, end: str) -> None:
    job = shop.listen()
    shop.provider.fails = lambda _number: DOWN if end == "failed" else None
    if end == "cancelled":
        cancel_job(job, deps=shop.stopping)
    elif end == "deleted":
        delete_job(job, deps=shop.stopping)
    else:
        assert shop.run(job).status == end
    shop.executions.stopped.append(job.id)
    assert shop.store.open == {}
    assert shop.look() == []


def test_an_end_is_asked_for_again_when_it_did_not_come(shop: Watched) -> None:
    job = shop.listen()
    shop.executions.stopped.append(job.id)
    assert shop.look() == [job.id]
    assert shop.look(after_s=ASK_AGAIN_S - 1) == []
    assert shop.look(after_s=1) == [job.id]


def test_of_two_who_look_at_once_one_asks(shop: Watched) -> None:
    job = shop.listen()
    shop.executions.stopped.append(job.id)
    seen = shop.store.open_jobs()
    assert shop.look() == [job.id]
    shop.store.open_jobs = lambda: seen
    assert shop.look(after_s=0) == []


def test_who_has_no_time_for_all_jobs_leaves_the_others_to_the_next(shop: Watched) -> None:
    jobs = [shop.listen() for _ in range(3)]
    shop.executions.stopped += [job.id for job in jobs]
    shop.now_ms += (PATIENCE_S + 1) * 1000
    report = shop.lost.end_them(late=lambda: bool(shop.asked))
    assert ([job.id for job in report.ended], report.left) == ([jobs[0].id], 2)
    assert shop.look(after_s=0) == [job.id for job in jobs[1:]]


@pytest.mark.parametrize("what", ["executions", "end"])
def test_what_cannot_be_reached_is_reported_and_stops_nothing(shop: Watched, what: str) -> None:
    jobs = [shop.listen(), shop.listen()]
    shop.executions.stopped += [job.id for job in jobs]
    shop.executions.fails = StorageUnavailable("Not now.") if what == "executions" else None
    shop.down = what == "end"
    shop.now_ms += PATIENCE_S * 1000
    report = shop.lost.end_them()
    assert report.ended == []
    assert [job_id for job_id, _ in report.failures] == ([None] if what == "executions" else [job.id for job in jobs])
    shop.executions.fails, shop.down = None, False
    assert shop.look(after_s=ASK_AGAIN_S) == [job.id for job in jobs]


@pytest.mark.parametrize("kind", ["listen", "speak"])
def test_a_start_that_is_killed_after_any_write_leaves_nothing_open(kind: str) -> None:
    """Or a hold alone, before there is anything of the job: that one is the sweeper's when it expires."""
    for kill_after in range(1, 20):
        shop = Watched()
        shop.fate.writes_left = kill_after
        try:
            shop.listen() if kind == "listen" else shop.speak()
        except Killed:
            shop.fate.writes_left = None
        else:
            return
        begun = set(shop.store.open)
        assert set(shop.look()) == begun
        for job_id in begun:
            shop.fail(Job(job_id, "default", "key_1", "speech", "x", "queued", 0, 0), INTERRUPTED)
        assert shop.store.open == {}
        assert all(job.status == "failed" for job in shop.store.kept.values())
        assert shop.bank.holds == {} or shop.store.kept == {}
        assert (shop.bank.rows, shop.executions.started) == ({}, [])
    raise AssertionError("a start has more writes than are tried")


@pytest.mark.parametrize("what", ["end", "cancel"])
def test_an_end_that_is_killed_after_any_write_is_finished_by_the_next(what: str) -> None:
    for kill_after in range(1, 30):
        shop = Watched()
        job = shop.listen()
        numbers = shop.prepare(job)
        shop.chunk(job, numbers[0])
        shop.executions.stopped.append(job.id)
        shop.fate.writes_left = kill_after
        try:
            if what == "end":
                shop.fail(job, INTERRUPTED)
            else:
                cancel_job(shop.now(job), deps=shop.stopping)
        except Killed:
            shop.fate.writes_left = None
            if shop.store.open:
                assert shop.look() == [job.id]
                shop.fail(job, INTERRUPTED)
        else:
            return
        ended = shop.now(job)
        assert ended.is_final
        assert (shop.bank.holds, shop.bank.evidence, shop.store.open) == ({}, {}, {})
        assert shop.bank.spent == (0 if ended.work is None else ended.work.price_microusd)
        assert {told.status for told in shop.told} == {ended.status}
    raise AssertionError("an end has more writes than are tried")
