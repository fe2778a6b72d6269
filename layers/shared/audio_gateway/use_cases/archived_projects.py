"""Ends what an archived project has left running, and removes what it has uploaded.

Archiving puts the project on a list (identity/archive.py), which this works off: its open jobs are to be cancelled, by
the rules of every cancel, and its uploads go. A form for uploads that was given out before can still be used for 15
minutes, and a call may have begun a job at the same moment: so a project stays on the list for more than an hour.

Cost: one query when nobody was archived lately; else a query, and a listing of the bucket for each project.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from audio_gateway.errors import StorageUnavailable
from audio_gateway.identity.archive import Archive, ArchivedProject
from audio_gateway.jobs.job_store import JobStore, OpenJob
from audio_gateway.uploads.upload import FORM_SECONDS

LISTED_S: Final = FORM_SECONDS + 3600
"""For so long after it was archived a project is looked at: a file that was begun in time may take longer to arrive."""


class Uploads(Protocol):
    """Where uploads are."""

    def remove_all(self, project_id: str) -> None:
        """Remove all files that a project has uploaded; raises `StorageUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class ArchivedProjects:
    """Looks once for each call of `end_them`; `now_s` is the clock in unix seconds."""

    archive: Archive
    jobs: JobStore
    uploads: Uploads
    now_s: Callable[[], int]

    def end_them(self, late: Callable[[], bool] = lambda: False) -> list[StorageUnavailable]:
        """Have all ended that was left. What fails is given back, and the next call does it.

        `late` is asked before each project, and leaves the others to the next call.
        """
        failures = list[StorageUnavailable]()
        try:
            projects = list(self.archive.unfinished())
            jobs = list(self.jobs.open_jobs()) if projects else []
        except StorageUnavailable as error:
            return [error]
        for project in projects:
            if late():
                break
            try:
                self._end(project, [job for job in jobs if job.project_id == project.id])
            except StorageUnavailable as error:
                failures.append(error)
        return failures

    def _end(self, project: ArchivedProject, jobs: list[OpenJob]) -> None:
        for job in jobs:
            if not job.cancel_asked:
                self.jobs.ask_to_cancel(job.id)
        self.uploads.remove_all(project.id)
        if not jobs and self.now_s() >= project.archived_at + LISTED_S:
            self.archive.finish(project)
