"""Jobs that end before their time: what they cost, what is left of them, and what the operator reads of the rest."""

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
from tests.unit.use_cases.jobs.job_harness import END_MS, SAID, SPEAKER, TEXT, Workshop

NOTHING: Any = ({}, {}, {})
PART = len("One sentence here. ")


@pytest.fixture
def shop() -> Workshop:
    return Workshop()


def lost_jobs(shop: Workshop) -> OrphanedJobs:
    store, ask = shop.job_service.store, shop.ask_to_end
    return OrphanedJobs(store, cast("Any", shop.executions), ask, ask, 120, lambda: shop.now_ms // 1000)


def begun(shop: Workshop, *done: int, kind: str = "speak") -> Job:
    """A job of which these chunks are done."""
    job = shop.speak() if kind == "speak" else shop.listen()
    shop.prepare(job)
    for number in done:
        shop.chunk(job, number)
    return job


def while_asked(shop: Workshop, number: int, do: Callable[[], object]) -> None:
    """Have something happen while the provider works on a chunk."""

    def asked(which: int) -> None:
        if which == number:
            do()

    shop.provider.fails = asked


# ------------------------------------------------------------ cancel


@pytest.mark.parametrize("when", ["queued", "prepared"])
def test_a_job_that_is_cancelled_before_anything_was_done_keeps_nothing_and_costs_nothing(
    shop: Workshop, when: str
) -> None:
    job = shop.speak() if when == "queued" else begun(shop)
    cancelled = shop.cancel(job)
    assert (cancelled.status, cancelled.work, cancelled.partial) == ("cancelled", None, False)
    assert shop.executions.stopped == [job.id]
    # What the executor had begun already comes in behind.
    assert shop.prepare(job) == []
    shop.chunk(job, 1)
    shop.merge(job)
    assert shop.provider.asked == []
    assert (shop.files.names(job), shop.store.open) == (set(), {})
    assert (shop.bank.holds, shop.bank.rows, shop.bank.evidence, shop.ledger.rows) == (*NOTHING, {})
    assert {told.status for told in shop.told} == {"cancelled"}


def test_a_cancelled_job_costs_the_chunks_whose_answer_had_come_and_keeps_them(shop: Workshop) -> None:
    job = begun(shop, 0, 2, 3)
    cancelled = shop.cancel(job)
    assert (cancelled.status, cancelled.partial, cancelled.amount) == ("cancelled", True, 3 * PART)
    assert shop.bank.spent == 3 * PART * 15  # at once
    assert (shop.bank.holds, shop.bank.evidence) == ({}, {})
    assert (shop.to_end, shop.told, set(shop.store.open)) == ([job.id], [], {job.id})
    shop.end_what_was_asked_for()
    assert shop.files.names(job) == {REQUEST_FILE, PARTIAL}
    assert len(shop.files.get(job, PARTIAL) or b"") == 480 * 3 * PART
    assert ([told.status for told in shop.told], shop.store.open) == (["cancelled"], {})
    assert len(shop.bank.rows) == 1
    assert shop.bank.spent == 3 * PART * 15


def test_a_cancel_that_is_repeated_asks_for_the_end_once(shop: Workshop) -> None:
    job = begun(shop, 0)
    for _ in range(5):
        shop.cancel(job)
    assert (shop.to_end, shop.told) == ([job.id], [])
    shop.now_ms += ASK_AGAIN_S * 1000  # it did not come
    shop.cancel(job)
    assert shop.to_end == [job.id] * 2


def test_a_cancelled_transcription_keeps_what_was_heard(shop: Workshop) -> None:
    job = begun(shop, 0, 1, kind="listen")
    cancelled = shop.cancel(job)
    shop.end_what_was_asked_for()
    heard = shop.heard(job)
    assert heard == SAID[: len(heard)]
    assert cancelled.amount is not None
    assert 0 < cancelled.amount < END_MS
    assert shop.bank.spent == -(-cancelled.amount * 6000 // 60_000)


def test_no_budget_is_passed_by_cancelling(shop: Workshop) -> None:
    for _ in range(5):
        shop.cancel(begun(shop, 0, 1, 2, 3, 4))
    spoken = sum(len(request.text) for request in shop.provider.asked)
    assert (shop.bank.spent, len(shop.bank.rows)) == (spoken * 15, 5)


def test_a_chunk_that_comes_before_the_cancel_is_decided_is_charged(shop: Workshop) -> None:
    job = begun(shop, 0)
    seen = shop.now(job)
    shop.chunk(job, 1)
    shop.store.kept, now = {job.id: seen}, shop.now(job)
    finish = shop.store.finish

    def first_a_chunk_comes(*arguments: Any, **options: Any) -> Job | None:
        shop.store.kept[job.id], shop.store.finish = now, finish
        return finish(*arguments, **options)

    shop.store.finish = first_a_chunk_comes
    assert shop.cancel(job).amount == 2 * PART


def test_a_chunk_that_comes_after_the_cancel_is_free_and_removed_and_its_cost_is_written_down(shop: Workshop) -> None:
    job = begun(shop, 0)
    while_asked(shop, 1, lambda: shop.cancel(job))
    shop.chunk(job, 1)
    assert shop.now(job).amount == PART
    assert shop.ledger.costs == [("speaker", PART * 15)]
    (row,) = shop.ledger.rows.values()
    assert (row.outcome, row.price_microusd, row.amount, row.held_amount) == ("failed", 0, 0, PART)
    shop.end_what_was_asked_for()
    assert shop.files.names(job) == {REQUEST_FILE, PARTIAL}
    assert len(shop.files.get(job, PARTIAL) or b"") == 480 * PART


@pytest.mark.parametrize(("lanes", "at_once"), [(1, 1), (3, 3), (40, 6)])
def test_what_is_under_way_when_a_job_is_cancelled_counts_as_in_vain(lanes: int, at_once: int) -> None:
    shop = Workshop(dataclasses.replace(SPEAKER, chunk_concurrency=lanes))
    job = begun(shop)
    total = shop.now(job).total
    assert total == 6
    for _ in range(2):
        shop.cancel(job)
    shop.chunk(job, 0)  # comes too late: it is counted already
    assert shop.bank.unbilled == at_once * -(-len(TEXT) * 15 // total)
    assert (shop.bank.spent, shop.bank.holds) == (0, {})


def test_a_job_that_is_cancelled_before_it_was_cut_has_nothing_under_way(shop: Workshop) -> None:
    shop.cancel(shop.speak())
    assert shop.bank.unbilled == 0


def test_what_failed_of_a_job_counts_with_its_end(shop: Workshop) -> None:
    shop.provider.fails = lambda number: ProviderBadAnswer("nothing", provider="fake") if number == 1 else None
    job = shop.speak()
    for number in shop.prepare(job):
        with suppress(ProviderBadAnswer):
            shop.chunk(job, number)
    assert shop.bank.unbilled == 0
    for _ in range(2):
        shop.merge(job)
    assert shop.bank.unbilled == PART * 15 == sum(cost for _, cost in shop.ledger.costs)


def test_a_chunk_that_comes_after_the_partial_result_leaves_it_alone(shop: Workshop) -> None:
    job = begun(shop, 0)

    def cancelled_and_ended() -> None:
        shop.cancel(job)
        shop.end_what_was_asked_for()

    while_asked(shop, 1, cancelled_and_ended)
    shop.chunk(job, 1)
    assert shop.files.names(job) == {REQUEST_FILE, PARTIAL}


def test_a_merge_that_comes_behind_the_cancel_changes_nothing(shop: Workshop) -> None:
    job = begun(shop, 0, 1)
    cancelled = shop.cancel(job)
    shop.files.put(job, RESULT, b"of a merge that was under way")
    shop.merge(job)
    shop.end_what_was_asked_for()
    assert shop.now(job) == cancelled
    assert shop.files.names(job) == {REQUEST_FILE, PARTIAL}
    assert (len(shop.bank.rows), shop.bank.spent) == (1, 2 * PART * 15)


@pytest.mark.parametrize("done", [(), (0, 1)])
def test_cancelling_again_changes_nothing(shop: Workshop, done: tuple[int, ...]) -> None:
    job = begun(shop, *done)
    first = shop.cancel(job)
    assert shop.cancel(job) == first
    shop.end_what_was_asked_for()
    files, told = dict(shop.files.kept), len(shop.told)
    assert shop.cancel(job) == first
    assert (shop.files.kept, shop.to_end, len(shop.told)) == (files, [], told)
    assert (shop.bank.holds, shop.bank.evidence) == ({}, {})


def test_a_cancel_whose_end_is_lost_is_finished_by_the_sweeper(shop: Workshop) -> None:
    shop.stopping = dataclasses.replace(shop.stopping, end=unreachable)
    job = begun(shop, 0)
    assert shop.cancel(job).status == "cancelled"
    lost = OrphanedJobs(
        shop.job_service.store, shop.executions, shop.ask_to_end, shop.ask_to_end, 120, lambda: shop.now_ms // 1000
    )
    shop.now_ms += 121_000
    assert [each.id for each in lost.end_them().ended] == [job.id]
    shop.end_what_was_asked_for()
    assert (shop.files.names(job), shop.store.open) == ({REQUEST_FILE, PARTIAL}, {})


def test_an_end_that_is_under_way_is_not_asked_for_again(shop: Workshop) -> None:
    job = begun(shop, 0)
    shop.now_ms += 121_000
    shop.cancel(job)
    lost = OrphanedJobs(
        shop.job_service.store, shop.executions, shop.ask_to_end, shop.ask_to_end, 120, lambda: shop.now_ms // 1000
    )
    assert lost.end_them().ended == []
    shop.now_ms += ASK_AGAIN_S * 1000
    assert [each.id for each in lost.end_them().ended] == [job.id]


def unreachable(_project_id: str, _job_id: str) -> None:
    raise StorageUnavailable("Not now.")


def test_what_is_over_is_not_cancelled(shop: Workshop) -> None:
    job = shop.run(shop.listen())
    assert shop.cancel(job).status == "succeeded"
    assert shop.files.get(job, RESULT)
    assert shop.bank.spent > 0


def test_the_chunks_of_tasks_that_are_not_done_are_charged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.jobs.plan.MOST_TASKS", 2)
    shop = Workshop()
    job = begun(shop)
    while_asked(shop, 2, lambda: shop.cancel(job))
    shop.chunk(job, 0)  # of three chunks, the last of which is under way
    cancelled = shop.now(job)
    assert (cancelled.completed, cancelled.total, cancelled.amount) == (0, 2, 2 * PART)
    shop.end_what_was_asked_for()
    assert len(shop.files.get(job, PARTIAL) or b"") == 480 * 2 * PART
    assert shop.ledger.costs == [("speaker", PART * 15)]


# ------------------------------------------------------------ delete


def test_a_deleted_job_is_gone(shop: Workshop) -> None:
    job = shop.run(shop.listen())
    shop.delete(job)
    assert (shop.store.kept, shop.files.kept, shop.store.open) == NOTHING
    assert len(shop.bank.rows) == 1
    assert shop.bank.evidence == {}


def test_a_job_that_is_deleted_before_it_is_settled_is_charged_first(shop: Workshop) -> None:
    job = begun(shop, *range(6))
    keep, shop.bank.keep = shop.bank.keep, cannot_be_written
    with pytest.raises(MeteringUnavailable):
        shop.merge(job)
    assert shop.now(job).status == "succeeded"  # so that its result can be fetched, and the job be deleted
    with pytest.raises(MeteringUnavailable):
        shop.delete(job)
    assert shop.files.get(job, RESULT)
    shop.bank.keep = keep
    shop.delete(job)
    shop.merge(job)  # the step tries again
    assert (shop.bank.spent, shop.bank.holds, shop.bank.evidence) == (len(TEXT) * 15, {}, {})
    assert (shop.store.kept, shop.files.kept, shop.store.open) == NOTHING


def cannot_be_written(*_arguments: object, **_options: object) -> None:
    raise MeteringUnavailable("The bucket does not answer.")


def test_a_running_job_that_is_deleted_is_charged_for_what_was_done(shop: Workshop) -> None:
    job = begun(shop, 0, 1)
    shop.delete(job)
    assert shop.bank.spent == 2 * PART * 15
    assert (shop.store.kept, shop.files.kept, shop.store.open) == NOTHING
    assert (shop.executions.stopped, [told.status for told in shop.told]) == ([job.id], ["cancelled"])


def test_a_chunk_of_a_deleted_job_is_removed_and_its_cost_written_down(shop: Workshop) -> None:
    job = begun(shop, 0)
    while_asked(shop, 1, lambda: shop.delete(job))
    shop.chunk(job, 1)
    assert shop.files.kept == {}
    assert shop.ledger.costs == [("speaker", PART * 15)]


def test_a_job_that_is_deleted_while_its_partial_result_is_made_leaves_nothing(shop: Workshop) -> None:
    job = begun(shop, 0, 1)
    shop.cancel(job)
    put_stream = shop.files.put_stream

    def deleted_first(*arguments: Any) -> int:
        shop.delete(job)
        return put_stream(*arguments)

    shop.files.put_stream = deleted_first  # type: ignore[assignment] # just before the file is written
    with pytest.raises(StorageUnavailable):  # its parts are gone, and Lambda tries again
        shop.end_what_was_asked_for()
    shop.to_end.append(job.id)
    shop.end_what_was_asked_for()
    assert (shop.store.kept, shop.files.kept, shop.store.open) == NOTHING


# ------------------------------------------------------------ killed


@pytest.mark.parametrize("done", [(), (0, 2)])
@pytest.mark.parametrize("what", ["cancel", "delete"])
def test_killed_after_any_write_and_repeated_it_is_the_same(what: str, done: tuple[int, ...]) -> None:
    for kill_after in range(1, 60):
        shop = Workshop()
        job = begun(shop, *done)
        shop.fate.writes_left = kill_after
        killed = False
        try:
            getattr(shop, what)(job)
            shop.end_what_was_asked_for()
        except Killed:
            killed, shop.fate.writes_left = True, None
            if job.id in shop.store.kept:
                getattr(shop, what)(job)
        if shop.store.open:  # which is what the sweeper goes by
            shop.to_end.append(job.id)
        shop.end_what_was_asked_for()
        assert shop.bank.spent == len(done) * PART * 15
        assert len(shop.bank.rows) == bool(done)
        assert (shop.bank.holds, shop.bank.evidence, shop.store.open) == NOTHING
        assert shop.files.names(job) == ({REQUEST_FILE, PARTIAL} if done and what == "cancel" else set())
        assert (job.id in shop.store.kept) == (what == "cancel")
        if not killed:
            return
    raise AssertionError("there are more writes than are tried")


def test_a_delete_that_dies_anywhere_and_is_not_repeated_leaves_no_job_open() -> None:
    for kill_after in range(1, 60):
        shop = Workshop()
        job = begun(shop, 0, 2)
        shop.fate.writes_left = kill_after
        try:
            shop.delete(job)
        except Killed:
            shop.fate.writes_left = None
            shop.to_end.append(job.id)  # by the sweeper, as long as the job is open
            shop.end_what_was_asked_for()
            assert (shop.bank.spent, shop.bank.holds, shop.store.open) == (2 * PART * 15, {}, {})
            assert shop.files.names(job) in ({REQUEST_FILE, PARTIAL}, set())
        else:
            return
    raise AssertionError("there are more writes than are tried")


# ------------------------------------------------------------ failures


@pytest.mark.parametrize("kind", ["speak", "listen"])
def test_a_job_whose_chunks_are_all_done_succeeds_whatever_became_of_its_merge(shop: Workshop, kind: str) -> None:
    job = shop.speak() if kind == "speak" else shop.listen()
    for number in shop.prepare(job):
        shop.chunk(job, number)
    shop.fail(job, UNKNOWN)  # the merge was throttled, or ran out of memory
    ended = shop.now(job)
    assert (ended.status, ended.error, ended.amount) == ("succeeded", None, len(TEXT) if kind == "speak" else END_MS)


def test_a_chunk_that_was_done_and_could_not_be_counted_is_in_the_result(shop: Workshop) -> None:
    job = begun(shop, 0, 1, 2, 3, 4)
    chunk_done, shop.store.chunk_done = shop.store.chunk_done, unreachable  # type: ignore[assignment] # for one call
    with pytest.raises(StorageUnavailable):
        shop.chunk(job, 5)
    shop.store.chunk_done = chunk_done
    shop.merge(job)
    assert (shop.now(job).status, shop.bank.spent) == ("succeeded", len(TEXT) * 15)
    assert shop.ledger.rows == {}


def test_a_chunk_that_comes_while_a_job_is_failed_is_in_its_partial_result(shop: Workshop) -> None:
    job = begun(shop, 0)
    finish = shop.store.finish

    def first_a_chunk_comes(*arguments: Any, **options: Any) -> Job | None:
        shop.store.finish = finish
        shop.chunk(job, 1)
        return finish(*arguments, **options)

    shop.store.finish = first_a_chunk_comes
    shop.fail(job, UNKNOWN)
    ended = shop.now(job)
    assert (ended.status, ended.amount) == ("failed", 2 * PART)
    assert len(shop.files.get(job, RESULT) or b"") == 480 * 2 * PART


FAILURES = [
    (ProviderTimedOut("late", provider="fake"), True),
    (ProviderTimedOut("not connected", provider="fake", worked=False), False),
    (ProviderBadAnswer("nothing", provider="fake"), True),
    (ProviderUnavailable("503", provider="fake"), False),
    (ProviderUnavailable("broken off", provider="fake", worked=True), True),
]


@pytest.mark.parametrize(("error", "worked"), FAILURES)
def test_each_try_of_a_chunk_for_which_a_provider_has_worked_is_written_down(
    shop: Workshop, error: Any, worked: bool
) -> None:
    job = begun(shop)
    shop.provider.fails = lambda _number: error
    for _ in range(2):
        with pytest.raises(type(error)):
            shop.chunk(job, 0)
    assert shop.ledger.costs == [("speaker", PART * 15)] * 2 * worked


def test_what_the_first_did_in_vain_is_written_down_where_a_fallback_does_the_chunk() -> None:
    first = model("first", chunk_seconds=4.0, fallbacks=("second",))
    shop = Workshop(first, model("second", chunk_seconds=4.0))
    job = shop.listen("first")
    shop.prepare(job)
    late = ProviderTimedOut("late", provider="fake")
    shop.provider.fails = lambda _number: late if shop.provider.asked[-1].model == "up-first" else None
    shop.chunk(job, 0)
    assert shop.now(job).answered.served.keys() == {"second"}
    assert [name for name, _ in shop.ledger.costs] == ["first"]


def test_an_answer_that_cannot_be_stored_is_written_down(shop: Workshop) -> None:
    job = begun(shop)
    put, shop.files.put = shop.files.put, unreachable_files  # type: ignore[assignment] # for one call
    with pytest.raises(StorageUnavailable):
        shop.chunk(job, 0)
    shop.files.put = put
    shop.chunk(job, 0)
    assert (shop.now(job).answered.count, shop.ledger.costs) == (1, [("speaker", PART * 15)])


def unreachable_files(*_arguments: object) -> None:
    raise StorageUnavailable("Not now.")


def test_a_row_that_nobody_pays_and_that_cannot_be_written_stops_nothing(shop: Workshop) -> None:
    job = begun(shop)
    shop.ledger.put = cannot_be_written  # type: ignore[assignment] # the ledger is out of order
    shop.provider.fails = lambda _number: FAILURES[0][0]
    with pytest.raises(ProviderTimedOut):
        shop.chunk(job, 0)
