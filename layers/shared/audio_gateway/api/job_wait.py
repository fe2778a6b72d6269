"""Waiting for a job's result, over as many redirects as the official SDKs follow.

Each request waits for up to 25 s, then redirects to itself. The SDKs follow 20 redirects, the one that led from the
call to the job included. Whoever still waits at the last of them is told where the result will be.

    POST …/transcriptions ──303──► content?hop=1 ──303──► … ──303──► content?hop=20 ──► the result, or 504

An error would end the whole call: the SDKs answer it by sending the POST again. So what fails in passing, while a job
is looked at or its result is read, counts as not over yet, and the next redirect is another try.

Waiting reads the job's item twice a second, at most 50 times a request: an item below 4 KB is one read unit. A request
that waits has one of its key's places while it does: a write before its first pause, and one after its last. One that
is answered at once writes nothing. Where all places are taken it is a 429 with `retry-after`, which the SDKs answer by
sending the POST again: it finds its job, and begins to wait anew (ADR 0022 and 0031).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from audio_gateway.api.http.redirects import to_job
from audio_gateway.api.job_content import ContentRequest, ContentResponse
from audio_gateway.api.job_serializers import content_url, job_url
from audio_gateway.deadline import Deadline
from audio_gateway.errors import MeteringUnavailable, StillRunning, StorageUnavailable
from audio_gateway.jobs.job import Job

READING_S: Final = 3.6
"""What has to be left before the deadline for a request that begins to read a result. A silent bucket takes 6.05 s
(`jobs/job_files.py`), of which 2.5 s may lie behind the deadline (`app.py`): an error is made at once."""


class PollPlaces(Protocol):
    """The places of polls that wait."""

    def begin(self, key_id: str) -> str:
        """Take one for a key; what `end` is to be given.

        Raises `RateLimitReached` if there is none left, `PermissionDenied` for a key that is gone, or
        `MeteringUnavailable`.
        """
        ...

    def end(self, key_id: str, wait: str) -> None:
        """Give it back; raises `MeteringUnavailable`."""
        ...


class PollPlace:
    """A place for one poll of a key, taken when it begins to wait."""

    def __init__(self, waits: PollPlaces, key_id: str) -> None:
        self._waits = waits
        self._key_id = key_id
        self._wait: str | None = None

    def take(self) -> None:
        """Take it, unless that was done; raises as `PollPlaces.begin`."""
        if self._wait is None:
            self._wait = self._waits.begin(self._key_id)

    def leave(self) -> None:
        """Give it back, if it was taken. One that cannot be given back is free by itself some seconds later."""
        wait, self._wait = self._wait, None
        if wait is not None:
            with suppress(MeteringUnavailable):
                self._waits.end(self._key_id, wait)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How one request waits: until `deadline` at the latest, with a look every `poll_s` seconds, in its `place`."""

    deadline: Deadline
    poll_s: float
    place: PollPlace


def wait_for(
    job_id: str,
    look: Callable[[], Job],
    read: Callable[[Job], ContentResponse],
    asked: ContentRequest,
    waiting: Waiting,
) -> ContentResponse:
    """What `read` makes of the job that `look` gives once it is over; otherwise a redirect to where to go on waiting.

    Raises:
        StillRunning: nobody would follow another redirect.
        RateLimitReached: as many polls of the key wait as may.
        GatewayError: whatever `look` and `read` raise, but for `StorageUnavailable`.
    """
    deadline, place = waiting.deadline, waiting.place
    give_up_at = min(time.monotonic() + asked.wait_s, deadline.at_s)
    job: Job | None = None
    try:
        while True:
            failed: str | None = None
            try:
                job = look()
                if job.is_final:
                    if asked.is_last_for(job) or deadline.remaining_s() >= READING_S:
                        place.leave()
                        return read(job)
                    give_up_at = 0.0  # the next request has the time
            except StorageUnavailable:
                failed = StorageUnavailable.__name__
            left = give_up_at - time.monotonic()
            if left <= 0:
                return _later(job_id, job, asked, failed)
            try:
                place.take()
            except MeteringUnavailable:
                return _later(job_id, job, asked, MeteringUnavailable.__name__)
            time.sleep(min(waiting.poll_s, left))
    finally:
        place.leave()


def _later(job_id: str, job: Job | None, asked: ContentRequest, failed: str | None) -> ContentResponse:
    if not asked.is_last_for(job):
        response = to_job(job_id, job_url(job_id), asked.next_url(job_id))
        return ContentResponse(response, (), failed)
    state = "cannot be looked at now" if failed else "is still running"
    raise StillRunning(
        f"The job '{job_id}' {state}, and nothing is lost: it goes on, and is not paid again. "
        f"Its result will be at {content_url(job_id)}; GET /v1/audio/jobs/{job_id} tells how far it is."
    )
