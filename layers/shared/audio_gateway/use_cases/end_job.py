"""Ending a job before its time, or for good: what was done by then is charged.

A cancel decides and settles the money at once. What takes longer is left to the function that ends jobs: it makes the
partial result of the chunks that are charged, removes all else, tells the news and closes the job. The list of open
jobs has that done again if it is lost (use_cases/lost_jobs.py).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_store import OpenJob
from audio_gateway.use_cases.cancelled import cancelled
from audio_gateway.use_cases.job_money import settle
from audio_gateway.use_cases.job_order import ORDER
from audio_gateway.use_cases.lost_jobs import ASK_AGAIN_S
from audio_gateway.use_cases.merge_job import Notify
from audio_gateway.use_cases.start_job import JobDesk


@dataclass(frozen=True, slots=True)
class Stopping:
    """What ending a job works with.

    `catalog` gives the catalogue, which only a job needs whose work has begun. `end` has a job ended, by project and
    id, by the function that does; it does not wait for that.
    """

    desk: JobDesk
    catalog: Callable[[], Catalog]
    end: Callable[[str, str], None]
    notify: Notify


def cancel_job(job: Job, *, using: Stopping) -> Job:
    """Cancel a job, unless it is over; the job as it is afterwards. Safe to repeat.

    It costs the chunks whose answer had come, which become its partial result; nothing where none had. What is being
    done at this moment ends by itself, and what comes of it is removed. Raises `StorageUnavailable` or
    `MeteringUnavailable`: it may be cancelled already, and to ask again finishes that.
    """
    desk = using.desk
    job = _over(job, using)
    open_job = desk.store.open_job(job.id) if job.status == "cancelled" else None
    if open_job is None:
        return job
    settle(job, till=desk.till)
    desk.executions.stop(job)
    if job.partial:
        now_s = desk.now_ms() // 1000
        with suppress(StorageUnavailable):  # the list of open jobs has it done
            if not _is_asked_for(open_job, now_s):
                using.end(job.project_id, job.id)
                desk.store.claim(open_job, now_s)
        return job
    desk.files.remove(job)
    using.notify(job)
    desk.store.close(job.id)
    return job


def delete_job(job: Job, *, using: Stopping) -> Job:
    """Remove a job and all of its files; one that is not over is cancelled first. The job as it ended. Safe to repeat.

    Whatever it costs is charged before it goes. Raises as `cancel_job`; then the job is still there.
    """
    desk = using.desk
    job = _over(job, using)
    if desk.store.open_job(job.id) is not None:
        settle(job, till=desk.till)
        desk.executions.stop(job)
        using.notify(job)
    desk.files.discard(job, ORDER)  # first: who dies here leaves a job of which nobody tries to make a result
    desk.files.remove(job)
    desk.store.delete(job)
    desk.files.remove(job)  # what a step has written meanwhile; whoever comes later finds the job gone
    desk.store.close(job.id)
    return job


def _over(job: Job, using: Stopping) -> Job:
    return cancelled(job, store=using.desk.store, catalog=using.catalog, now_ms=using.desk.now_ms)


def _is_asked_for(job: OpenJob, now_s: int) -> bool:
    """Whether somebody has asked for the job's end a moment ago: a cancel that is repeated asks no second time."""
    return job.asked_at + ASK_AGAIN_S > now_s
