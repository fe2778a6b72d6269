"""Ending a job before its time, or for good: what was done by then is charged.

A cancel decides and settles the money at once. What takes longer is left to the function that ends jobs: it makes the
partial result of the chunks that are charged, removes all else, tells the news and closes the job. The list of open
jobs has that done again if it is lost (use_cases/jobs/orphaned.py).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_store import OpenJob
from audio_gateway.use_cases.jobs.billing import settle
from audio_gateway.use_cases.jobs.cancelled import cancelled
from audio_gateway.use_cases.jobs.merge import PublishJobEnd
from audio_gateway.use_cases.jobs.orphaned import ASK_AGAIN_S
from audio_gateway.use_cases.jobs.request import REQUEST_FILE
from audio_gateway.use_cases.jobs.start import JobService


@dataclass(frozen=True, slots=True)
class JobStopping:
    """What ending a job works with.

    `catalog` gives the catalogue, which only a job needs whose work has begun. `end` has a job ended, by project and
    id, by the function that does; it does not wait for that.
    """

    job_service: JobService
    catalog: Callable[[], Catalog]
    end: Callable[[str, str], None]
    publish: PublishJobEnd


def cancel_job(job: Job, *, deps: JobStopping) -> Job:
    """Cancel a job, unless it is over; the job as it is afterwards. Safe to repeat.

    It costs the chunks whose answer had come, which become its partial result; nothing where none had. What is being
    done at this moment ends by itself, and what comes of it is removed. Raises `StorageUnavailable` or
    `MeteringUnavailable`: it may be cancelled already, and to ask again finishes that.
    """
    job_service = deps.job_service
    job = _over(job, deps)
    open_job = job_service.store.open_job(job.id) if job.status == "cancelled" else None
    if open_job is None:
        return job
    settle(job, billing=job_service.billing)
    job_service.executions.stop(job)
    if job.partial:
        now_s = job_service.now_ms() // 1000
        with suppress(StorageUnavailable):  # the list of open jobs has it done
            if not _is_asked_for(open_job, now_s):
                deps.end(job.project_id, job.id)
                job_service.store.claim(open_job, now_s)
        return job
    job_service.files.remove(job)
    deps.publish(job)
    job_service.store.close(job.id)
    return job


def delete_job(job: Job, *, deps: JobStopping) -> Job:
    """Remove a job and all of its files; one that is not over is cancelled first. The job as it ended. Safe to repeat.

    Whatever it costs is charged before it goes. Raises as `cancel_job`; then the job is still there.
    """
    job_service = deps.job_service
    job = _over(job, deps)
    if job_service.store.open_job(job.id) is not None:
        settle(job, billing=job_service.billing)
        job_service.executions.stop(job)
        deps.publish(job)
    job_service.files.discard(
        job, REQUEST_FILE
    )  # first: who dies here leaves a job of which nobody tries to make a result
    job_service.files.remove(job)
    job_service.store.delete(job)
    job_service.files.remove(job)  # what a step has written meanwhile; whoever comes later finds the job gone
    job_service.store.close(job.id)
    return job


def _over(job: Job, deps: JobStopping) -> Job:
    return cancelled(job, store=deps.job_service.store, catalog=deps.catalog, now_ms=deps.job_service.now_ms)


def _is_asked_for(job: OpenJob, now_s: int) -> bool:
    """Whether somebody has asked for the job's end a moment ago: a cancel that is repeated asks no second time."""
    return job.asked_at + ASK_AGAIN_S > now_s
