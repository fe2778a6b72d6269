"""Jobs in DynamoDB: each change holds only while the job is open, and may be repeated."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job, JobError, is_job_id, new_job_id
from audio_gateway.jobs.job_store import JobStore, OpenJob
from audio_gateway.metering.account import Caller, Hold, Work
from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["dynamodb"]

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
WORK = Work(JOB.id, "transcriptions", "listener", "audio_ms", 5000, 500, 400)
HOLD = Hold(Caller("key_1", "default"), WORK, NOW_S * 1000, NOW_S + 86_400)
ERROR = JobError("It «failed».", "code", 400, "invalid_request_error", "file", retry=False)


@pytest.fixture
def store(dynamodb: Any) -> JobStore:
    return JobStore(dynamodb, TABLE)


def now(store: JobStore, job: Job = JOB) -> Job:
    found = store.get(job.project_id, job.id, NOW_S)
    assert found is not None
    return found


def test_a_job_is_as_it_was_written(store: JobStore) -> None:
    job = dataclasses.replace(JOB, hold=HOLD, upload_id="upload_1")
    store.create(job)
    store.create(dataclasses.replace(job, model="another"))
    assert now(store) == job


def test_of_another_project_or_past_its_time_it_does_not_exist(store: JobStore) -> None:
    store.create(JOB)
    assert store.get("other", JOB.id, NOW_S) is None
    assert store.get("default", JOB.id, JOB.expires_at) is None


def test_from_queued_to_the_end(store: JobStore) -> None:
    store.create(JOB)
    assert store.intend(JOB, HOLD)
    assert not store.chunk_done(JOB, 0)  # it has not begun
    assert store.begin(JOB, total=3)
    for number in (0, 2, 0):
        assert store.chunk_done(JOB, number)
    assert now(store) == dataclasses.replace(JOB, status="running", total=3, completed=2, hold=HOLD)
    ended = store.finish(JOB, "failed", at_ms=NOW_S * 1000 + 5, work=WORK, error=ERROR, partial=True)
    assert ended == now(store)
    assert (ended.status, ended.work, ended.amount, ended.error, ended.partial, ended.completed_ms) == (
        "failed", WORK, 5000, ERROR, True, NOW_S * 1000 + 5,
    )  # fmt: skip


def test_whoever_ends_it_first_has_decided(store: JobStore) -> None:
    store.create(JOB)
    assert store.finish(JOB, "cancelled", at_ms=1).status == "cancelled"
    late = store.finish(JOB, "succeeded", at_ms=2, work=WORK)
    assert (late.status, late.completed_ms, late.work) == ("cancelled", 1, None)
    assert not store.begin(JOB, total=1)
    assert not store.intend(JOB, HOLD)
    assert not store.chunk_done(JOB, 0)


def test_only_what_is_over_is_deleted(store: JobStore) -> None:
    store.create(JOB)
    assert not store.delete(JOB)
    store.finish(JOB, "cancelled", at_ms=1)
    assert store.delete(JOB)
    assert not store.delete(JOB)
    assert store.get("default", JOB.id, NOW_S) is None
    assert store.finish(JOB, "failed", at_ms=2) == JOB


def test_the_newest_first_and_page_by_page(store: JobStore) -> None:
    jobs = [dataclasses.replace(JOB, id=new_job_id(NOW_S * 1000 + i)) for i in range(5)]
    for job in jobs:
        store.create(job)
    store.create(dataclasses.replace(JOB, project_id="other"))
    newest = [job.id for job in reversed(jobs)]
    first = store.newest("default", NOW_S, after=None, limit=2)
    assert [job.id for job in first] == newest[:2]
    assert [job.id for job in store.newest("default", NOW_S, after=first[-1].id, limit=10)] == newest[2:]


def test_a_table_that_is_not_there_is_worth_another_try(dynamodb: Any) -> None:
    with pytest.raises(StorageUnavailable):
        JobStore(dynamodb, "no-such-table").get("default", JOB.id, NOW_S)


def test_ids_sort_by_time_and_are_told_from_others() -> None:
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


def test_the_end_of_an_open_job_is_asked_for_by_one(store: JobStore) -> None:
    store.create(JOB)
    (seen,) = store.open_jobs()
    assert [store.claim(seen, NOW_S + 1), store.claim(seen, NOW_S + 2)] == [True, False]
    (again,) = store.open_jobs()
    assert again == dataclasses.replace(seen, asked_at=NOW_S + 1)
    assert store.claim(again, NOW_S + 3)
    store.close(JOB.id)
    assert not store.claim(dataclasses.replace(again, asked_at=NOW_S + 3), NOW_S + 4)
    assert list(store.open_jobs()) == []
