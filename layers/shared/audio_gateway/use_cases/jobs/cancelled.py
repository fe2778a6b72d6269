"""Cancelling: with what was answered by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import Deadline
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.use_cases.jobs.billing import cost_under_way, work_done
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, JobEnding, fail_job


def cancelled(job: Job, *, store: JobStore, catalog: Callable[[], Catalog], now_ms: Callable[[], int]) -> Job:
    """The job once it is over: cancelled with what was answered by then, if it was open. Safe to repeat.

    `catalog` gives the catalogue, which only a job needs whose work has begun; `now_ms` is the clock in unix
    milliseconds. Raises `StorageUnavailable`.
    """
    while not job.is_final:
        work = work_done(job, catalog()) if job.answered.count else None
        # What comes of these finds the job over, and the account could not be told of it any more.
        unbilled = cost_under_way(job, catalog)
        ended = store.finish(
            job, "cancelled", at_ms=now_ms(), work=work, partial=work is not None, unbilled_cost_microusd=unbilled
        )
        if ended is None:  # deleted by somebody else
            return replace(job, status="cancelled")
        job = ended
    return job


def cancel_unless_over(project_id: str, job_id: str, deadline: Deadline, *, deps: JobEnding) -> None:
    """Cancel a job whose work was stopped, unless it is over, and do all that is left of it. Safe to repeat.

    It costs what any cancelled job does. Raises as `fail_job`.
    """
    job = deps.store.get(project_id, job_id, deps.now_ms() // 1000)
    if job is not None:
        cancelled(job, store=deps.store, catalog=lambda: deps.catalog, now_ms=deps.now_ms)
    fail_job(project_id, job_id, INTERRUPTED, deadline, deps=deps)
