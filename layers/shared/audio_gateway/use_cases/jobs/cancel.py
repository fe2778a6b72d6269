"""Cancelling and deleting jobs: the chunks that are done by then are charged.

A cancel decides the end and settles it immediately. The function that ends jobs does what takes longer: it joins the
charged chunks to a partial result, removes all other files, publishes the end and closes the job. The sweeper has that
repeated if it is lost, as the job is still in the list of open jobs (use_cases/jobs/orphaned.py).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import Deadline
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job, JobRef
from audio_gateway.jobs.job_store import JobStore, OpenJob
from audio_gateway.use_cases.jobs.billing import cost_under_way, settle, work_done
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, JobEnding, PublishJobEnd, fail_job
from audio_gateway.use_cases.jobs.orphaned import ASK_AGAIN_S
from audio_gateway.use_cases.jobs.request import REQUEST_FILE
from audio_gateway.use_cases.jobs.start import JobService


@dataclass(frozen=True, slots=True)
class JobStopping:
    """What cancelling and deleting jobs works with.

    `catalog` loads the catalogue, which is needed only for a job whose work has started. `end` calls the function that
    ends jobs, without waiting for it.
    """

    job_service: JobService
    catalog: Callable[[], Catalog]
    end: Callable[[JobRef], None]
    publish: PublishJobEnd


def cancel_job(job: Job, *, deps: JobStopping) -> Job:
    """Cancel a job, unless it is over; returns the job as it is afterwards. Safe to repeat.

    The chunks that are done are charged and become its partial result. Work in progress ends by itself, and its result
    is removed.

    Raises:
        StorageUnavailable, MeteringUnavailable: the job may be cancelled already; another call completes that.
    """
    job_service = deps.job_service
    job = _over(job, deps)
    open_job = job_service.store.open_job(job.id) if job.status == "cancelled" else None
    if open_job is None:
        return job
    settle(job, billing=job_service.billing)
    job_service.executions.stop(job.ref)
    if job.partial:
        now_s = job_service.now_ms() // 1000
        with suppress(StorageUnavailable):  # the sweeper does it
            if not _is_requested(open_job, now_s):
                deps.end(job.ref)
                job_service.store.claim(open_job, now_s)
        return job
    job_service.files.remove(job.ref)
    deps.publish(job)
    job_service.store.close(job.id)
    return job


def delete_job(job: Job, *, deps: JobStopping) -> Job:
    """Delete a job and all of its files; cancels it first if it is open. Returns the job as it ended. Safe to repeat.

    Its price is charged before it is deleted. Raises as `cancel_job`; the job still exists then.
    """
    job_service = deps.job_service
    job = _over(job, deps)
    if job_service.store.open_job(job.id) is not None:
        settle(job, billing=job_service.billing)
        job_service.executions.stop(job.ref)
        deps.publish(job)
    # First: if this process dies here, no other tries to make the job's result.
    job_service.files.discard(job.ref, REQUEST_FILE)
    job_service.files.remove(job.ref)
    job_service.store.delete(job)
    job_service.files.remove(job.ref)  # files that a step has written meanwhile; later steps find the job deleted
    job_service.store.close(job.id)
    return job


def cancelled(job: Job, *, store: JobStore, catalog: Callable[[], Catalog], now_ms: Callable[[], int]) -> Job:
    """The job, cancelled with the chunks done by now if it was open. Safe to repeat.

    `catalog` loads the catalogue, which is needed only for a job whose work has started; `now_ms` is the clock in unix
    milliseconds. Raises `StorageUnavailable`.
    """
    while not job.is_final:
        work = work_done(job, catalog()) if job.answered.count else None
        # The chunks in progress will find the job over, too late to count their cost for the account.
        unbilled = cost_under_way(job, catalog)
        ended = store.finish(
            job, "cancelled", at_ms=now_ms(), work=work, partial=work is not None, unbilled_cost_microusd=unbilled
        )
        if ended is None:  # deleted by another process
            return replace(job, status="cancelled")
        job = ended
    return job


def cancel_unless_over(job_ref: JobRef, deadline: Deadline, *, deps: JobEnding) -> None:
    """Cancel a job whose work was stopped, unless it is over, and complete its end. Safe to repeat.

    It is charged as any cancelled job. Raises as `fail_job`.
    """
    job = deps.store.get(job_ref.project_id, job_ref.id, deps.now_ms() // 1000)
    if job is not None:
        cancelled(job, store=deps.store, catalog=lambda: deps.catalog, now_ms=deps.now_ms)
    fail_job(job_ref, INTERRUPTED, deadline, deps=deps)


def _over(job: Job, deps: JobStopping) -> Job:
    return cancelled(job, store=deps.job_service.store, catalog=deps.catalog, now_ms=deps.job_service.now_ms)


def _is_requested(job: OpenJob, now_s: int) -> bool:
    """Whether the job's end was requested a short while ago: a repeated cancel does not request it again."""
    return job.stop_requested_at + ASK_AGAIN_S > now_s
