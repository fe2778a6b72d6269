"""Ending a job before its time: nothing of it is kept, and nothing is charged."""

from __future__ import annotations

from audio_gateway.jobs.job import Job
from audio_gateway.use_cases.job_money import settle
from audio_gateway.use_cases.merge_job import Notify
from audio_gateway.use_cases.start_job import JobDesk


def cancel_job(job: Job, *, desk: JobDesk, notify: Notify) -> Job:
    """Cancel a job, unless it is over; the job as it is afterwards. Safe to repeat.

    What is being done at this moment ends by itself, and what comes of it is removed. Raises `StorageUnavailable` or
    `MeteringUnavailable`: it may be cancelled already, and to ask again finishes that.
    """
    if not job.is_final:
        job = desk.store.finish(job, "cancelled", at_ms=desk.now_ms())
    if job.status != "cancelled":
        return job
    desk.executions.stop(job)
    settle(job, till=desk.till)
    desk.files.remove(job)
    notify(job)
    desk.store.close(job.id)
    return job


def delete_job(job: Job, *, desk: JobDesk, notify: Notify) -> None:
    """Remove a job and all of its files; one that is not over is cancelled first. Raises as `cancel_job`."""
    ended = cancel_job(job, desk=desk, notify=notify)
    desk.files.remove(ended)
    desk.store.delete(ended)
