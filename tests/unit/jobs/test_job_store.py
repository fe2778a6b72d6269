"""Jobs in DynamoDB: each change takes effect only while the job is open, and can be repeated."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audio_gateway.catalog.line_items import LineItem
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Answered, Job, JobError, is_job_id, new_job_id
from audio_gateway.jobs.job_store import JobStore, OpenJob
from audio_gateway.jobs.plan import MOST_LANES, MOST_PIECES, MOST_TASKS, ChunkSpan, DoneChunk, JobPlan
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from tests.fakes.dynamodb import FakeDynamoDB
from tests.unit.metering.tables import TABLE

NOW_S = 1_796_083_140
JOB = Job(
    id=new_job_id(NOW_S * 1000),
    project_id="default",
    key_id="key_1",
    endpoint="transcriptions",
    model="listener",
    status="queued",
    created_at=NOW_S,
    expires_at=NOW_S + 1000,
)
ITEM = LineItem("listener", 5000, 6000, 4000, "25")
WORK = MeteredRequest(JOB.id, "transcriptions", "listener", "audio_ms", 5000, 500, 400, (ITEM,))
HOLD = Hold(Payer("key_1", "default"), dataclasses.replace(WORK, items=()), NOW_S * 1000, NOW_S + 86_400)
ERROR = JobError("It failed: é.", "code", 400, "invalid_request_error", "file", retry=False)


PLAN = JobPlan(5000, (ChunkSpan(0, 100), ChunkSpan(100, 200), ChunkSpan(200, 300)))


def chunk(number: int, model: str = "listener") -> DoneChunk:
    return PLAN.done(number, model, ())


@pytest.fixture(params=["moto", "fake"])
def client(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("moto_dynamodb") if request.param == "moto" else FakeDynamoDB()


@pytest.fixture
def store(client: Any) -> JobStore:
    return JobStore(client, TABLE)


def now(store: JobStore, job: Job = JOB) -> Job:
    found = store.get(job.project_id, job.id, NOW_S)
    assert found is not None
    return found


def test_a_job_is_read_as_it_was_written(store: JobStore) -> None:
    job = dataclasses.replace(JOB, hold=HOLD, upload_id="upload_1")
    store.create(job)
    store.create(dataclasses.replace(job, model="another"))
    assert now(store) == job


def test_a_job_of_another_project_or_an_expired_one_does_not_exist(store: JobStore) -> None:
    store.create(JOB)
    assert store.get("other", JOB.id, NOW_S) is None
    for at_s, there in ((JOB.expires_at - 1, True), (JOB.expires_at, False)):
        assert (store.get("default", JOB.id, at_s) is not None) is there
        assert bool(store.newest("default", at_s, after=None, limit=10)) is there


def test_from_queued_to_the_end(store: JobStore) -> None:
    store.create(JOB)
    assert store.record_hold(JOB, HOLD)
    assert not store.count_chunk(JOB, chunk(0))  # it has not started
    assert store.start(JOB, PLAN)
    for number in (0, 2, 0):
        assert store.count_chunk(JOB, chunk(number))
    running = now(store)
    assert running == dataclasses.replace(
        JOB,
        status="running",
        total=3,
        whole_units=300,
        whole_amount=5000,
        answered=Answered(frozenset({0, 2}), frozenset(), {"listener": 200}, 2),
        hold=HOLD,
    )
    assert running.completed == 2
    ended = store.finish(running, "failed", at_ms=NOW_S * 1000 + 5, work=WORK, error=ERROR, partial=True)
    assert ended == now(store)
    assert (ended.status, ended.work, ended.amount, ended.error, ended.partial, ended.completed_ms) == (
        "failed", WORK, 5000, ERROR, True, NOW_S * 1000 + 5,
    )  # fmt: skip


def test_a_hold_replaces_the_known_one_and_no_other(store: JobStore) -> None:
    first, second, third = (dataclasses.replace(HOLD, admitted_ms=HOLD.admitted_ms + at) for at in range(3))
    store.create(JOB)
    assert store.record_hold(JOB, first)
    assert store.record_hold(JOB, first)  # once more, as the response was lost
    assert store.record_hold(now(store), second)
    for known in (JOB, dataclasses.replace(JOB, hold=first)):
        with pytest.raises(StorageUnavailable):
            store.record_hold(known, third)
    assert now(store).hold == second


def test_the_first_end_counts(store: JobStore) -> None:
    store.create(JOB)
    cancelled = store.finish(JOB, "cancelled", at_ms=1)
    assert cancelled is not None
    assert cancelled.status == "cancelled"
    late = store.finish(JOB, "succeeded", at_ms=2, work=WORK)
    assert late is not None
    assert (late.status, late.completed_ms, late.work) == ("cancelled", 1, None)
    assert not store.start(JOB, PLAN)
    assert not store.record_hold(JOB, HOLD)
    assert not store.count_chunk(JOB, chunk(0))


def test_an_end_is_decided_for_the_counted_chunks(store: JobStore) -> None:
    store.create(JOB)
    store.start(JOB, PLAN)
    store.count_chunk(JOB, chunk(0))
    seen = now(store)
    store.count_chunk(JOB, chunk(1, "other"))
    for stale in (JOB, seen):
        still = store.finish(stale, "cancelled", at_ms=1, work=WORK)
        assert still is not None
        assert (still.status, still.work) == ("running", None)
    known = now(store)
    assert known.answered.served == {"listener": 100, "other": 100}
    ended = store.finish(known, "cancelled", at_ms=1, work=WORK)
    assert ended is not None
    assert ended.status == "cancelled"
    assert store.count_chunk(JOB, chunk(1))  # it was counted before
    assert not store.count_chunk(JOB, chunk(2))
    assert now(store).answered == known.answered


def test_chunks_of_a_task_are_counted_one_by_one_and_become_the_task(store: JobStore) -> None:
    store.create(JOB)
    store.start(JOB, PLAN)
    for number, rest in ((4, None), (3, None), (4, None), (5, (3, 4)), (3, None), (5, (3, 4))):
        assert store.count_chunk(JOB, DoneChunk(number, 1, "listener", 10, rest))
    assert now(store).answered == Answered(frozenset({1}), frozenset(), {"listener": 30}, 3)
    store.count_chunk(JOB, DoneChunk(7, 2, "listener", 10, None))
    assert now(store).answered.chunks == {7}


def test_the_item_of_a_job_stays_small(store: JobStore, client: Any) -> None:
    """Each count writes the whole item: one unit for each KB."""
    store.create(dataclasses.replace(JOB, hold=HOLD, upload_id="upload_" + "0" * 24))
    store.start(JOB, PLAN)
    key = {"pk": {"S": f"JOBS#{JOB.project_id}"}, "sk": {"S": JOB.id}}
    for model in ("listener", "a-much-longer-name-of-a-model"):
        store.count_chunk(JOB, DoneChunk(2001, 2001, model, 4_800_000, ()))
    item = client.get_item(TableName=TABLE, Key=key)["Item"]
    item["done"] = {"NS": [str(number) for number in range(MOST_TASKS)]}
    assert size_of(item) < 3 * 1024
    of_a_task = -(-MOST_PIECES // MOST_TASKS)
    item["parts"] = {"NS": [str(number) for number in range(MOST_PIECES - MOST_LANES * of_a_task, MOST_PIECES)]}
    assert size_of(item) < 5 * 1024


def size_of(item: dict[str, Any]) -> int:
    """The size in bytes as DynamoDB counts it: names, text in UTF-8, and one byte for two digits plus one a number."""

    def of(kind: str, value: Any) -> int:
        if kind == "S":
            return len(value.encode())
        if kind == "N":
            return 1 - -len(value) // 2
        return 3 + sum(of(kind[0], each) for each in value) if kind in {"NS", "SS"} else 1

    return sum(len(name.encode()) + sum(of(*each) for each in value.items()) for name, value in item.items())


def test_an_open_job_is_found_by_its_id_until_it_is_closed(store: JobStore) -> None:
    store.create(JOB)
    assert store.open_job(JOB.id) == OpenJob(JOB.id, "default", NOW_S)
    store.close(JOB.id)
    assert store.open_job(JOB.id) is None


def test_only_a_job_that_is_over_is_deleted(store: JobStore) -> None:
    store.create(JOB)
    assert not store.delete(JOB)
    store.finish(JOB, "cancelled", at_ms=1)
    assert store.delete(JOB)
    assert not store.delete(JOB)
    assert store.get("default", JOB.id, NOW_S) is None
    assert store.finish(JOB, "failed", at_ms=2) is None


def test_the_newest_first_and_page_by_page(store: JobStore) -> None:
    jobs = [dataclasses.replace(JOB, id=new_job_id(NOW_S * 1000 + i)) for i in range(5)]
    for job in jobs:
        store.create(job)
    store.create(dataclasses.replace(JOB, project_id="other"))
    newest = [job.id for job in reversed(jobs)]
    first = store.newest("default", NOW_S, after=None, limit=2)
    assert [job.id for job in first] == newest[:2]
    assert [job.id for job in store.newest("default", NOW_S, after=first[-1].id, limit=10)] == newest[2:]


def test_a_missing_table_is_worth_another_try(moto_dynamodb: Any) -> None:
    with pytest.raises(StorageUnavailable):
        JobStore(moto_dynamodb, "no-such-table").get("default", JOB.id, NOW_S)


def test_ids_sort_by_time_and_are_recognised() -> None:
    early, late = new_job_id(NOW_S * 1000), new_job_id(NOW_S * 1000 + 1)
    assert early < late
    assert is_job_id(early)
    assert not is_job_id(early.upper())
    assert not is_job_id(early + "0")


def test_a_job_is_open_until_it_is_closed(store: JobStore) -> None:
    older = dataclasses.replace(JOB, id=new_job_id(NOW_S * 1000 - 1), project_id="other")
    for _ in range(2):
        store.create(JOB)
        store.create(older)
    assert list(store.open_jobs()) == [OpenJob(older.id, "other", NOW_S), OpenJob(JOB.id, "default", NOW_S)]
    for _ in range(2):
        store.close(older.id)
    assert [job.id for job in store.open_jobs()] == [JOB.id]


def test_the_end_of_an_open_job_is_claimed_once(store: JobStore) -> None:
    store.create(JOB)
    (seen,) = store.open_jobs()
    assert [store.claim(seen, NOW_S + 1), store.claim(seen, NOW_S + 2)] == [True, False]
    (again,) = store.open_jobs()
    assert again == dataclasses.replace(seen, stop_requested_at=NOW_S + 1)
    assert store.claim(again, NOW_S + 3)
    store.close(JOB.id)
    assert not store.claim(dataclasses.replace(again, stop_requested_at=NOW_S + 3), NOW_S + 4)
    assert list(store.open_jobs()) == []


def test_a_cancel_is_requested_only_of_an_open_job(store: JobStore) -> None:
    assert not store.request_cancel(JOB.id)
    store.create(JOB)
    assert [store.request_cancel(JOB.id), store.request_cancel(JOB.id)] == [True, True]
    (seen,) = store.open_jobs()
    assert seen == store.open_job(JOB.id) == OpenJob(JOB.id, "default", NOW_S, cancel_requested=True)
    assert store.claim(seen, NOW_S + 1)
    store.close(JOB.id)
    assert not store.request_cancel(JOB.id)
