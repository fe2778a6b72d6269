"""Jobs that end early: their price, their partial result, and the unbilled cost that the operator sees."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import pytest

from audio_gateway.errors import (
    MeteringUnavailable,
    ProviderBadAnswer,
    ProviderTimedOut,
    ProviderUnavailable,
    StorageUnavailable,
)
from audio_gateway.jobs.job import Job
from audio_gateway.use_cases.jobs.merge import PARTIAL, RESULT, UNKNOWN
from audio_gateway.use_cases.jobs.orphaned import ASK_AGAIN_S, OrphanedJobs
from audio_gateway.use_cases.jobs.request import REQUEST_FILE
from tests.fakes.jobs import Killed
from tests.fakes.providers import model
from tests.unit.use_cases.jobs.job_harness import END_MS, SAID, SPEAKER, TEXT, JobHarness

NOTHING: Any = ({}, {}, {})
PART = len("One sentence here. ")


@pytest.fixture
def harness() -> JobHarness:
    return JobHarness()


def orphaned_jobs(harness: JobHarness) -> OrphanedJobs:
    store, ask = harness.job_service.store, harness.ask_to_end
    return OrphanedJobs(store, cast("Any", harness.executions), ask, ask, 120, lambda: harness.now_ms // 1000)


def begun(harness: JobHarness, *done: int, kind: str = "speak") -> Job:
    """A job with these chunks done."""
    job = harness.speak() if kind == "speak" else harness.listen()
    harness.prepare(job)
    for number in done:
        harness.chunk(job, number)
    return job


def while_asked(harness: JobHarness, number: int, do: Callable[[], object]) -> None:
    """Call a function while the provider works on a chunk."""

    def asked(which: int) -> None:
        if which == number:
            do()

    harness.provider.fails = asked


# ------------------------------------------------------------ cancel


@pytest.mark.parametrize("when", ["queued", "prepared"])
def test_a_job_cancelled_before_any_work_keeps_nothing_and_costs_nothing(harness: JobHarness, when: str) -> None:
    job = harness.speak() if when == "queued" else begun(harness)
    cancelled = harness.cancel(job)
    assert (cancelled.status, cancelled.work, cancelled.partial) == ("cancelled", None, False)
    assert harness.executions.stopped == [job.id]
    # A chunk that was in progress ends after the cancel.
    assert harness.prepare(job) == []
    harness.chunk(job, 1)
    harness.merge(job)
    assert harness.provider.asked == []
    assert (harness.files.names(job.ref), harness.store.open) == (set(), {})
    assert (
        harness.accounts.holds,
        harness.accounts.rows,
        harness.accounts.pending_settlements,
        harness.ledger.rows,
    ) == (
        *NOTHING,
        {},
    )
    assert {published.status for published in harness.published} == {"cancelled"}


def test_a_cancelled_job_is_charged_for_the_done_chunks_and_keeps_them(harness: JobHarness) -> None:
    job = begun(harness, 0, 2, 3)
    cancelled = harness.cancel(job)
    assert (cancelled.status, cancelled.partial, cancelled.amount) == ("cancelled", True, 3 * PART)
    assert harness.accounts.spent == 3 * PART * 15  # immediately
    assert (harness.accounts.holds, harness.accounts.pending_settlements) == ({}, {})
    assert (harness.to_end, harness.published, set(harness.store.open)) == ([job.id], [], {job.id})
    harness.end_what_was_asked_for()
    assert harness.files.names(job.ref) == {REQUEST_FILE, PARTIAL}
    assert len(harness.files.get(job.ref, PARTIAL) or b"") == 480 * 3 * PART
    assert ([published.status for published in harness.published], harness.store.open) == (["cancelled"], {})
    assert len(harness.accounts.rows) == 1
    assert harness.accounts.spent == 3 * PART * 15


def test_a_repeated_cancel_requests_the_end_once(harness: JobHarness) -> None:
    job = begun(harness, 0)
    for _ in range(5):
        harness.cancel(job)
    assert (harness.to_end, harness.published) == ([job.id], [])
    harness.now_ms += ASK_AGAIN_S * 1000  # the end was lost
    harness.cancel(job)
    assert harness.to_end == [job.id] * 2


def test_a_cancelled_transcription_keeps_the_done_part(harness: JobHarness) -> None:
    job = begun(harness, 0, 1, kind="listen")
    cancelled = harness.cancel(job)
    harness.end_what_was_asked_for()
    heard = harness.heard(job)
    assert heard == SAID[: len(heard)]
    assert cancelled.amount is not None
    assert 0 < cancelled.amount < END_MS
    assert harness.accounts.spent == -(-cancelled.amount * 6000 // 60_000)


def test_cancelling_cannot_exceed_a_budget(harness: JobHarness) -> None:
    for _ in range(5):
        harness.cancel(begun(harness, 0, 1, 2, 3, 4))
    spoken = sum(len(request.text) for request in harness.provider.asked)
    assert (harness.accounts.spent, len(harness.accounts.rows)) == (spoken * 15, 5)


def test_a_chunk_done_before_the_cancel_is_written_is_charged(harness: JobHarness) -> None:
    job = begun(harness, 0)
    seen = harness.now(job)
    harness.chunk(job, 1)
    harness.store.kept, now = {job.id: seen}, harness.now(job)
    finish = harness.store.finish

    def first_a_chunk_comes(*arguments: Any, **options: Any) -> Job | None:
        harness.store.kept[job.id], harness.store.finish = now, finish
        return finish(*arguments, **options)

    harness.store.finish = first_a_chunk_comes
    assert harness.cancel(job).amount == 2 * PART


def test_a_chunk_done_after_the_cancel_is_free_removed_and_written_off(harness: JobHarness) -> None:
    job = begun(harness, 0)
    while_asked(harness, 1, lambda: harness.cancel(job))
    harness.chunk(job, 1)
    assert harness.now(job).amount == PART
    assert harness.ledger.costs == [("speaker", PART * 15)]
    (row,) = harness.ledger.rows.values()
    assert (row.outcome, row.price_microusd, row.amount, row.held_amount) == ("failed", 0, 0, PART)
    harness.end_what_was_asked_for()
    assert harness.files.names(job.ref) == {REQUEST_FILE, PARTIAL}
    assert len(harness.files.get(job.ref, PARTIAL) or b"") == 480 * PART


@pytest.mark.parametrize(("lanes", "at_once"), [(1, 1), (3, 3), (40, 6)])
def test_work_in_progress_at_a_cancel_counts_as_unbilled(lanes: int, at_once: int) -> None:
    harness = JobHarness(dataclasses.replace(SPEAKER, chunk_concurrency=lanes))
    job = begun(harness)
    total = harness.now(job).total
    assert total == 6
    for _ in range(2):
        harness.cancel(job)
    harness.chunk(job, 0)  # too late: its cost is counted already
    assert harness.accounts.unbilled == at_once * -(-len(TEXT) * 15 // total)
    assert (harness.accounts.spent, harness.accounts.holds) == (0, {})


def test_a_job_cancelled_before_it_is_split_has_no_work_in_progress(harness: JobHarness) -> None:
    harness.cancel(harness.speak())
    assert harness.accounts.unbilled == 0


def test_unbilled_cost_counts_at_the_end_of_a_job(harness: JobHarness) -> None:
    harness.provider.fails = lambda number: ProviderBadAnswer("nothing", provider="fake") if number == 1 else None
    job = harness.speak()
    for number in harness.prepare(job):
        with suppress(ProviderBadAnswer):
            harness.chunk(job, number)
    assert harness.accounts.unbilled == 0
    for _ in range(2):
        harness.merge(job)
    assert harness.accounts.unbilled == PART * 15 == sum(cost for _, cost in harness.ledger.costs)


def test_a_chunk_done_after_the_partial_result_does_not_change_it(harness: JobHarness) -> None:
    job = begun(harness, 0)

    def cancelled_and_ended() -> None:
        harness.cancel(job)
        harness.end_what_was_asked_for()

    while_asked(harness, 1, cancelled_and_ended)
    harness.chunk(job, 1)
    assert harness.files.names(job.ref) == {REQUEST_FILE, PARTIAL}


def test_a_merge_after_the_cancel_changes_nothing(harness: JobHarness) -> None:
    job = begun(harness, 0, 1)
    cancelled = harness.cancel(job)
    harness.files.put(job.ref, RESULT, b"of a merge that was under way")
    harness.merge(job)
    harness.end_what_was_asked_for()
    assert harness.now(job) == cancelled
    assert harness.files.names(job.ref) == {REQUEST_FILE, PARTIAL}
    assert (len(harness.accounts.rows), harness.accounts.spent) == (1, 2 * PART * 15)


@pytest.mark.parametrize("done", [(), (0, 1)])
def test_cancelling_again_changes_nothing(harness: JobHarness, done: tuple[int, ...]) -> None:
    job = begun(harness, *done)
    first = harness.cancel(job)
    assert harness.cancel(job) == first
    harness.end_what_was_asked_for()
    files, published = dict(harness.files.kept), len(harness.published)
    assert harness.cancel(job) == first
    assert (harness.files.kept, harness.to_end, len(harness.published)) == (files, [], published)
    assert (harness.accounts.holds, harness.accounts.pending_settlements) == ({}, {})


def test_the_sweeper_completes_a_cancel_whose_end_was_lost(harness: JobHarness) -> None:
    harness.stopping = dataclasses.replace(harness.stopping, end=unreachable)
    job = begun(harness, 0)
    assert harness.cancel(job).status == "cancelled"
    lost = OrphanedJobs(
        harness.job_service.store,
        harness.executions,
        harness.ask_to_end,
        harness.ask_to_end,
        120,
        lambda: harness.now_ms // 1000,
    )
    harness.now_ms += 121_000
    assert [each.id for each in lost.end_them().ended] == [job.id]
    harness.end_what_was_asked_for()
    assert (harness.files.names(job.ref), harness.store.open) == ({REQUEST_FILE, PARTIAL}, {})


def test_an_end_in_progress_is_not_requested_again(harness: JobHarness) -> None:
    job = begun(harness, 0)
    harness.now_ms += 121_000
    harness.cancel(job)
    lost = OrphanedJobs(
        harness.job_service.store,
        harness.executions,
        harness.ask_to_end,
        harness.ask_to_end,
        120,
        lambda: harness.now_ms // 1000,
    )
    assert lost.end_them().ended == []
    harness.now_ms += ASK_AGAIN_S * 1000
    assert [each.id for each in lost.end_them().ended] == [job.id]


def unreachable(*_arguments: object) -> None:
    raise StorageUnavailable("Not now.")


def test_a_job_that_is_over_is_not_cancelled(harness: JobHarness) -> None:
    job = harness.run(harness.listen())
    assert harness.cancel(job).status == "succeeded"
    assert harness.files.get(job.ref, RESULT)
    assert harness.accounts.spent > 0


def test_done_chunks_of_incomplete_tasks_are_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.jobs.plan.MOST_TASKS", 2)
    harness = JobHarness()
    job = begun(harness)
    while_asked(harness, 2, lambda: harness.cancel(job))
    harness.chunk(job, 0)  # of three chunks; the last is in progress
    cancelled = harness.now(job)
    assert (cancelled.completed, cancelled.total, cancelled.amount) == (0, 2, 2 * PART)
    harness.end_what_was_asked_for()
    assert len(harness.files.get(job.ref, PARTIAL) or b"") == 480 * 2 * PART
    assert harness.ledger.costs == [("speaker", PART * 15)]


# ------------------------------------------------------------ delete


def test_a_deleted_job_leaves_nothing(harness: JobHarness) -> None:
    job = harness.run(harness.listen())
    harness.delete(job)
    assert (harness.store.kept, harness.files.kept, harness.store.open) == NOTHING
    assert len(harness.accounts.rows) == 1
    assert harness.accounts.pending_settlements == {}


def test_a_job_deleted_before_it_is_settled_is_charged_first(harness: JobHarness) -> None:
    job = begun(harness, *range(6))
    keep, harness.accounts.keep = harness.accounts.keep, cannot_be_written
    with pytest.raises(MeteringUnavailable):
        harness.merge(job)
    assert harness.now(job).status == "succeeded"  # its result can be fetched, and the job be deleted
    with pytest.raises(MeteringUnavailable):
        harness.delete(job)
    assert harness.files.get(job.ref, RESULT)
    harness.accounts.keep = keep
    harness.delete(job)
    harness.merge(job)  # the step tries again
    assert (harness.accounts.spent, harness.accounts.holds, harness.accounts.pending_settlements) == (
        len(TEXT) * 15,
        {},
        {},
    )
    assert (harness.store.kept, harness.files.kept, harness.store.open) == NOTHING


def cannot_be_written(*_arguments: object, **_options: object) -> None:
    raise MeteringUnavailable("The bucket does not answer.")


def test_a_running_job_that_is_deleted_is_charged_for_the_done_part(harness: JobHarness) -> None:
    job = begun(harness, 0, 1)
    harness.delete(job)
    assert harness.accounts.spent == 2 * PART * 15
    assert (harness.store.kept, harness.files.kept, harness.store.open) == NOTHING
    assert (harness.executions.stopped, [published.status for published in harness.published]) == (
        [job.id],
        ["cancelled"],
    )


def test_a_chunk_of_a_deleted_job_is_removed_and_written_off(harness: JobHarness) -> None:
    job = begun(harness, 0)
    while_asked(harness, 1, lambda: harness.delete(job))
    harness.chunk(job, 1)
    assert harness.files.kept == {}
    assert harness.ledger.costs == [("speaker", PART * 15)]


def test_a_job_deleted_while_its_partial_result_is_made_leaves_nothing(harness: JobHarness) -> None:
    job = begun(harness, 0, 1)
    harness.cancel(job)
    put_stream = harness.files.put_stream

    def deleted_first(*arguments: Any) -> int:
        harness.delete(job)
        return put_stream(*arguments)

    harness.files.put_stream = deleted_first  # type: ignore[assignment] # just before the file is written
    with pytest.raises(StorageUnavailable):  # its parts no longer exist; Lambda tries again
        harness.end_what_was_asked_for()
    harness.to_end.append(job.id)
    harness.end_what_was_asked_for()
    assert (harness.store.kept, harness.files.kept, harness.store.open) == NOTHING


# ------------------------------------------------------------ killed


@pytest.mark.parametrize("done", [(), (0, 2)])
@pytest.mark.parametrize("what", ["cancel", "delete"])
def test_killed_after_any_write_and_repeated_it_is_the_same(what: str, done: tuple[int, ...]) -> None:
    for kill_after in range(1, 60):
        harness = JobHarness()
        job = begun(harness, *done)
        harness.kill_switch.writes_left = kill_after
        killed = False
        try:
            getattr(harness, what)(job)
            harness.end_what_was_asked_for()
        except Killed:
            killed, harness.kill_switch.writes_left = True, None
            if job.id in harness.store.kept:
                getattr(harness, what)(job)
        if harness.store.open:  # the sweeper relies on this
            harness.to_end.append(job.id)
        harness.end_what_was_asked_for()
        assert harness.accounts.spent == len(done) * PART * 15
        assert len(harness.accounts.rows) == bool(done)
        assert (harness.accounts.holds, harness.accounts.pending_settlements, harness.store.open) == NOTHING
        assert harness.files.names(job.ref) == ({REQUEST_FILE, PARTIAL} if done and what == "cancel" else set())
        assert (job.id in harness.store.kept) == (what == "cancel")
        if not killed:
            return
    raise AssertionError("there are more writes than are tried")


def test_a_delete_killed_after_any_write_leaves_no_job_open() -> None:
    for kill_after in range(1, 60):
        harness = JobHarness()
        job = begun(harness, 0, 2)
        harness.kill_switch.writes_left = kill_after
        try:
            harness.delete(job)
        except Killed:
            harness.kill_switch.writes_left = None
            harness.to_end.append(job.id)  # by the sweeper, as long as the job is open
            harness.end_what_was_asked_for()
            assert (harness.accounts.spent, harness.accounts.holds, harness.store.open) == (2 * PART * 15, {}, {})
            assert harness.files.names(job.ref) in ({REQUEST_FILE, PARTIAL}, set())
        else:
            return
    raise AssertionError("there are more writes than are tried")


# ------------------------------------------------------------ failures


@pytest.mark.parametrize("kind", ["speak", "listen"])
def test_a_job_with_all_chunks_done_succeeds_even_if_its_merge_failed(harness: JobHarness, kind: str) -> None:
    job = harness.speak() if kind == "speak" else harness.listen()
    for number in harness.prepare(job):
        harness.chunk(job, number)
    harness.fail(job, UNKNOWN)  # the merge was throttled, or ran out of memory
    ended = harness.now(job)
    assert (ended.status, ended.error, ended.amount) == ("succeeded", None, len(TEXT) if kind == "speak" else END_MS)


def test_a_done_chunk_that_could_not_be_counted_is_in_the_result(harness: JobHarness) -> None:
    job = begun(harness, 0, 1, 2, 3, 4)
    count_chunk, harness.store.count_chunk = harness.store.count_chunk, unreachable  # type: ignore[assignment] # for one call
    with pytest.raises(StorageUnavailable):
        harness.chunk(job, 5)
    harness.store.count_chunk = count_chunk
    harness.merge(job)
    assert (harness.now(job).status, harness.accounts.spent) == ("succeeded", len(TEXT) * 15)
    assert harness.ledger.rows == {}


def test_a_chunk_done_while_a_job_fails_is_in_its_partial_result(harness: JobHarness) -> None:
    job = begun(harness, 0)
    finish = harness.store.finish

    def first_a_chunk_comes(*arguments: Any, **options: Any) -> Job | None:
        harness.store.finish = finish
        harness.chunk(job, 1)
        return finish(*arguments, **options)

    harness.store.finish = first_a_chunk_comes
    harness.fail(job, UNKNOWN)
    ended = harness.now(job)
    assert (ended.status, ended.amount) == ("failed", 2 * PART)
    assert len(harness.files.get(job.ref, RESULT) or b"") == 480 * 2 * PART


FAILURES = [
    (ProviderTimedOut("late", provider="fake"), True),
    (ProviderTimedOut("not connected", provider="fake", worked=False), False),
    (ProviderBadAnswer("nothing", provider="fake"), True),
    (ProviderUnavailable("503", provider="fake"), False),
    (ProviderUnavailable("broken off", provider="fake", worked=True), True),
]


@pytest.mark.parametrize(("error", "worked"), FAILURES)
def test_every_failed_try_that_a_provider_charges_for_is_written_off(
    harness: JobHarness, error: Any, worked: bool
) -> None:
    job = begun(harness)
    harness.provider.fails = lambda _number: error
    for _ in range(2):
        with pytest.raises(type(error)):
            harness.chunk(job, 0)
    assert harness.ledger.costs == [("speaker", PART * 15)] * 2 * worked


def test_unbilled_work_of_the_first_model_is_written_off_when_a_fallback_does_the_chunk() -> None:
    first = model("first", chunk_seconds=4.0, fallbacks=("second",))
    harness = JobHarness(first, model("second", chunk_seconds=4.0))
    job = harness.listen("first")
    harness.prepare(job)
    late = ProviderTimedOut("late", provider="fake")
    harness.provider.fails = lambda _number: late if harness.provider.asked[-1].model == "up-first" else None
    harness.chunk(job, 0)
    assert harness.now(job).answered.served.keys() == {"second"}
    assert [name for name, _ in harness.ledger.costs] == ["first"]


def test_a_result_that_cannot_be_stored_is_written_off(harness: JobHarness) -> None:
    job = begun(harness)
    put, harness.files.put = harness.files.put, unreachable  # type: ignore[assignment] # for one call
    with pytest.raises(StorageUnavailable):
        harness.chunk(job, 0)
    harness.files.put = put
    harness.chunk(job, 0)
    assert (harness.now(job).answered.count, harness.ledger.costs) == (1, [("speaker", PART * 15)])


def test_an_unbilled_row_that_cannot_be_written_stops_nothing(harness: JobHarness) -> None:
    job = begun(harness)
    harness.ledger.put = cannot_be_written  # type: ignore[assignment] # the ledger is unavailable
    harness.provider.fails = lambda _number: FAILURES[0][0]
    with pytest.raises(ProviderTimedOut):
        harness.chunk(job, 0)
