"""Finds jobs whose work has stopped before they were over, or that an operator wants cancelled, and has them ended.

An execution that an operator stops, that Step Functions aborts, or that was never begun because the process died that
was about to, ends no job: nothing of ours is called. So the sweeper compares what is open with what runs:

    open          the table's list, which a job leaves when its end is settled and told (jobs/job_store.py)
    running       the executions of the state machine

What is open and does not run is ended by the function that ends jobs, by the rules of every other failure. A young
job may be between its first write and its execution: it is left alone. What an operator wants cancelled, alone or with
its project, is stopped first and then cancelled by that function, by the rules of every other cancel.

Cost: one query when nothing is open; else one call more for each thousand executions that run. Jobs that are over are
nowhere looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job, job_named
from audio_gateway.jobs.job_store import JobStore, OpenJob

ASK_AGAIN_S: Final = 960
"""The end of a job is asked for again after this: longer than the function that ends it may run."""

STARTING_S: Final = 30
"""So old must a job be to be cancelled: longer than the call that begins it may run."""


class JobExecutions(Protocol):
    """Where jobs are worked on. All raise `StorageUnavailable`."""

    def running(self) -> set[str]:
        """The ids of all jobs that are worked on, as of a moment ago."""
        ...

    def is_running(self, job_id: str) -> bool:
        """Whether a job is worked on."""
        ...

    def stop(self, job: Job) -> None:
        """End the work on a job. Safe to repeat."""
        ...


@dataclass(slots=True)
class OrphanedJobsReport:
    """The jobs whose end was asked for now; and what failed, with the job's id where it was about one.

    `left` are those for which there was no time, `cancelled` those that an operator wanted cancelled.
    """

    left: int = 0
    ended: list[OpenJob] = field(default_factory=list)
    cancelled: list[OpenJob] = field(default_factory=list)
    failures: list[tuple[str | None, StorageUnavailable]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OrphanedJobs:
    """Looks once for each call of `end_them`. `end` and `cancel` have a job ended, by project and id.

    `patience_s` is the age from which a job must have an execution; `now_s` is the clock in unix seconds.
    """

    store: JobStore
    work: JobExecutions
    end: Callable[[str, str], None]
    cancel: Callable[[str, str], None]
    patience_s: int
    now_s: Callable[[], int]

    def end_them(self, late: Callable[[], bool] = lambda: False) -> OrphanedJobsReport:
        """Have all lost jobs ended. Nothing is raised: what fails is reported, and the next call does it.

        `late` is asked before each of them, and leaves the others to the next call.
        """
        report = OrphanedJobsReport()
        try:
            due = [job for job in self.store.open_jobs() if self._is_due(job)]
            running = self.work.running() if due else set()
        except StorageUnavailable as error:
            report.failures.append((None, error))
            return report
        lost = [job for job in due if job.cancel_asked or job.id not in running]
        for at, job in enumerate(lost):
            if late():
                report.left = len(lost) - at
                break
            self._look_at(job, report)
        return report

    def _is_due(self, job: OpenJob) -> bool:
        now_s, patience_s = self.now_s(), STARTING_S if job.cancel_asked else self.patience_s
        return job.created_at + patience_s <= now_s and job.asked_at + ASK_AGAIN_S <= now_s

    def _look_at(self, job: OpenJob, report: OrphanedJobsReport) -> None:
        try:
            if job.cancel_asked:
                self._cancel(job, report)
                return
            # The list may be a moment old. A job is closed before its execution is over: one that does not run and is
            # still open after that was seen, is lost.
            if self.work.is_running(job.id) or not self.store.claim(job, self.now_s()):
                return
            self.end(job.project_id, job.id)
        except StorageUnavailable as error:
            report.failures.append((job.id, error))
        else:
            report.ended.append(job)

    def _cancel(self, job: OpenJob, report: OrphanedJobsReport) -> None:
        self.work.stop(job_named(job.project_id, job.id))
        if self.store.claim(job, self.now_s()):
            self.cancel(job.project_id, job.id)
            report.cancelled.append(job)
