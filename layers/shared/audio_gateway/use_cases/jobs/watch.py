"""Notices that a job was ended while it is prepared: stopping its execution does not stop a running function.

Without this a key could have more jobs worked on than it may have open, by starting and cancelling one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from audio_gateway.deadline import Deadline
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_store import JobStore

T = TypeVar("T")


class JobIsOver(Exception):
    """The job was cancelled or deleted, or has failed: more work on it is of no use."""


class JobWatch:
    """Reads a job's state every `every_s` seconds while pieces are read. `now_ms` is the clock in Unix milliseconds."""

    def __init__(self, job: Job, store: JobStore, now_ms: Callable[[], int], every_s: float) -> None:
        self._job = job
        self._store = store
        self._now_ms = now_ms
        self._every_s = every_s
        self._next = Deadline.after(every_s)

    def each(self, pieces: Iterable[T]) -> Iterator[T]:
        """Pass the pieces on; raises `JobIsOver` instead once the job is over."""
        for piece in pieces:
            if self._next.passed:
                self._check()
            yield piece

    def _check(self) -> None:
        self._next = Deadline.after(self._every_s)
        with suppress(StorageUnavailable):  # the next check finds out
            job = self._store.get(self._job.project_id, self._job.id, self._now_ms() // 1000)
            if job is None or job.is_final:
                raise JobIsOver
