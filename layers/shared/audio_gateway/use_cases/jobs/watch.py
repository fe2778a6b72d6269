"""Notices that a job was ended while it is prepared: who stops its execution does not stop a function that runs.

Without that a key could have many more jobs worked on than it may have open: begin one, cancel it, begin another one.
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
    """The job was cancelled or deleted, or has failed, and there is no use in going on."""


class JobWatch:
    """Reads a job every `every_s` seconds, while somebody takes pieces; `now_ms` is the clock in unix milliseconds."""

    def __init__(self, job: Job, store: JobStore, now_ms: Callable[[], int], every_s: float) -> None:
        self._job = job
        self._store = store
        self._now_ms = now_ms
        self._every_s = every_s
        self._next = Deadline.after(every_s)

    def each(self, pieces: Iterable[T]) -> Iterator[T]:
        """The same pieces; raises `JobIsOver` instead of the next one once that is so."""
        for piece in pieces:
            if self._next.passed:
                self._look()
            yield piece

    def _look(self) -> None:
        self._next = Deadline.after(self._every_s)
        with suppress(StorageUnavailable):  # the next look tells
            job = self._store.get(self._job.project_id, self._job.id, self._now_ms() // 1000)
            if job is None or job.is_final:
                raise JobIsOver
