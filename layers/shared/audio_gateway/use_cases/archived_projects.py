"""Cancels the open jobs of archived projects and removes their uploads.

Archiving puts a project on a list (identity/archive.py), which this module works through. Jobs are cancelled by the
rules of every cancellation. An upload form that was issued before can still be used for 15 minutes, and a call may have
started a job at the same moment, so a project stays on the list for more than an hour.

Cost: one query if no project was archived lately; otherwise a query, and a listing of the bucket for each project.
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
"""Seconds for which an archived project stays on the list: a file whose upload began in time may arrive later."""


class Uploads(Protocol):
    """Removes uploads."""

    def remove_all(self, project_id: str) -> None:
        """Remove all files that a project has uploaded; raises `StorageUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class ArchivedProjects:
    """Works through the list once for each call of `end_them`; `now_s` is the clock in Unix seconds."""

    archive: Archive
    jobs: JobStore
    uploads: Uploads
    now_s: Callable[[], int]

    def end_them(self, late: Callable[[], bool] = lambda: False) -> list[StorageUnavailable]:
        """Cancel and remove everything that is left. Returns the failures; the next call tries them again.

        `late` is asked before each project. Once it is true, the others are left to the next call.
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
            if not job.cancel_requested:
                self.jobs.request_cancel(job.id)
        self.uploads.remove_all(project.id)
        if not jobs and self.now_s() >= project.archived_at + LISTED_S:
            self.archive.finish(project)
