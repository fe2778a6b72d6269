"""Ends orphaned jobs, whose work stopped before they were over, and cancels jobs that an operator wants cancelled.

No code of ours is called when an operator stops an execution, when Step Functions aborts it, or when a process dies
before it starts one. So the sweeper compares the open jobs with the running ones:

    open          the table's list, which a job leaves when its end is settled and published (jobs/job_store.py)
    running       the executions of the state machine

The function that ends jobs ends those that are open and not running, by the same rules as any other failure. A young
job may be between its first write and its execution: it is left alone. A job that an operator wants cancelled, alone or
with its project, is stopped first; then that function cancels it, by the same rules as any other cancel.

Cost: one query when no job is open, otherwise one more call for each thousand running executions. Jobs that are over
are never read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import JobRef
from audio_gateway.jobs.job_store import JobStore, OpenJob

ASK_AGAIN_S: Final = 960
"""After this the end of a job is requested again. It is longer than the function that ends jobs may run."""

STARTING_S: Final = 30
"""The age from which a job is cancelled. It is longer than the call that starts a job may run."""


class JobExecutions(Protocol):
    """The executions of jobs. All methods raise `StorageUnavailable`."""

    def running(self) -> set[str]:
        """The ids of all jobs with a running execution, possibly some seconds old."""
        ...

    def is_running(self, job_id: str) -> bool:
        """Whether a job has a running execution."""
        ...

    def stop(self, job: JobRef) -> None:
        """Stop the work on a job. Safe to repeat."""
        ...


@dataclass(slots=True)
class OrphanedJobsReport:
    """The jobs whose end was requested in one sweep, and its failures with the job's id where one job failed.

    `left` counts the jobs for which there was no time; `cancelled` are those that an operator wanted cancelled.
    """

    left: int = 0
    ended: list[OpenJob] = field(default_factory=list)
    cancelled: list[OpenJob] = field(default_factory=list)
    failures: list[tuple[str | None, StorageUnavailable]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OrphanedJobs:
    """Finds and ends orphaned jobs. `end` and `cancel` call the function that ends jobs.

    `patience_s` is the age from which a job must have an execution; `now_s` is the clock in Unix seconds.
    """

    store: JobStore
    work: JobExecutions
    end: Callable[[JobRef], None]
    cancel: Callable[[JobRef], None]
    patience_s: int
    now_s: Callable[[], int]

    def end_them(self, late: Callable[[], bool] = lambda: False) -> OrphanedJobsReport:
        """End all orphaned jobs. It raises nothing: failures are reported, and the next call tries again.

        `late` is called before each job; once it is true, the other jobs are left to the next call.
        """
        report = OrphanedJobsReport()
        try:
            due = [job for job in self.store.open_jobs() if self._is_due(job)]
            running = self.work.running() if due else set()
        except StorageUnavailable as error:
            report.failures.append((None, error))
            return report
        orphaned = [job for job in due if job.cancel_requested or job.id not in running]
        for at, job in enumerate(orphaned):
            if late():
                report.left = len(orphaned) - at
                break
            self._end(job, report)
        return report

    def _is_due(self, job: OpenJob) -> bool:
        now_s, patience_s = self.now_s(), STARTING_S if job.cancel_requested else self.patience_s
        return job.created_at + patience_s <= now_s and job.stop_requested_at + ASK_AGAIN_S <= now_s

    def _end(self, job: OpenJob, report: OrphanedJobsReport) -> None:
        try:
            if job.cancel_requested:
                self._cancel(job, report)
                return
            # The list may be some seconds old. A job is closed before its execution is over: one that is still open
            # after its execution was seen not to run is orphaned.
            if self.work.is_running(job.id) or not self.store.claim(job, self.now_s()):
                return
            self.end(job.ref)
        except StorageUnavailable as error:
            report.failures.append((job.id, error))
        else:
            report.ended.append(job)

    def _cancel(self, job: OpenJob, report: OrphanedJobsReport) -> None:
        self.work.stop(job.ref)
        if self.store.claim(job, self.now_s()):
            self.cancel(job.ref)
            report.cancelled.append(job)
