"""Waiting for a job's result, over as many redirects as the official SDKs follow.

Each request waits for up to 25 s, then redirects to itself. The SDKs follow 20 redirects, including the one from the
call to the job. The response to the last of them says where the result will be.

    POST …/transcriptions ──303──► content?hop=1 ──303──► … ──303──► content?hop=20 ──► the result, or 504

An error would end the whole call, as the SDKs react by sending the POST again. So a passing failure to read a job or
its result counts as "not over yet", and the next redirect is another try.

Waiting reads the job's item twice a second, up to 50 times a request: an item below 4 KB is one read unit. A request
that waits has one of its key's places meanwhile: one write before its first pause, one after its last. A request that
is answered immediately writes nothing. If all places are taken, the response is a 429 with `retry-after`. The SDKs
react by sending the POST again: it finds its job, and waits again (ADR 0022 and 0031).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from audio_gateway.api.content_request import ContentRequest
from audio_gateway.api.http.redirects import to_job
from audio_gateway.api.job_content import ContentResponse
from audio_gateway.api.job_serializers import content_url, job_url
from audio_gateway.deadline import Deadline
from audio_gateway.errors import MeteringUnavailable, StillRunning, StorageUnavailable
from audio_gateway.jobs.job import Job

READING_S: Final = 3.6
"""The time that must be left before the deadline to start to read a result. A silent bucket takes 6.05 s
(`jobs/job_files.py`), of which 2.5 s may be after the deadline (`app.py`), as an error response takes no time."""


class PollPlaces(Protocol):
    """The places of polls that wait, some for each key."""

    def begin(self, key_id: str) -> str:
        """Take a place of a key; returns the name of the wait for `end`.

        Raises:
            RateLimitReached: no place is left.
            PermissionDenied: the key no longer exists.
            MeteringUnavailable: no place can be taken now.
        """
        ...

    def end(self, key_id: str, wait: str) -> None:
        """Give a place back. Raises `MeteringUnavailable`."""
        ...


class PollPlace:
    """The place of one poll, taken when it starts to wait."""

    def __init__(self, waits: PollPlaces, key_id: str) -> None:
        self._waits = waits
        self._key_id = key_id
        self._wait: str | None = None

    def acquire(self) -> None:
        """Take the place, unless it is taken. Raises as `PollPlaces.begin`."""
        if self._wait is None:
            self._wait = self._waits.begin(self._key_id)

    def leave(self) -> None:
        """Give the place back, if it is taken. If that fails, the place becomes free by itself some seconds later."""
        wait, self._wait = self._wait, None
        if wait is not None:
            with suppress(MeteringUnavailable):
                self._waits.end(self._key_id, wait)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How one request waits: until `deadline` at the latest, reading the job every `poll_s` seconds, in its `place`."""

    deadline: Deadline
    poll_s: float
    place: PollPlace


def wait_for(
    job_id: str,
    load: Callable[[], Job],
    read: Callable[[Job], ContentResponse],
    query: ContentRequest,
    waiting: Waiting,
) -> ContentResponse:
    """Wait until the job that `load` returns is over; returns what `read` makes of it, or a redirect to go on waiting.

    Raises:
        StillRunning: the official SDKs would not follow another redirect.
        RateLimitReached: as many polls of the key wait as may.
        GatewayError: what `load` and `read` raise, except for `StorageUnavailable`.
    """
    deadline, place = waiting.deadline, waiting.place
    give_up_at = min(time.monotonic() + query.wait_s, deadline.at_s)
    job: Job | None = None
    try:
        while True:
            failed: str | None = None
            try:
                job = load()
                if job.is_final:
                    if query.is_last_for(job) or deadline.remaining_s() >= READING_S:
                        place.leave()
                        return read(job)
                    give_up_at = 0.0  # the next request has enough time
            except StorageUnavailable:
                failed = StorageUnavailable.__name__
            left = give_up_at - time.monotonic()
            if left <= 0:
                return _later(job_id, job, query, failed)
            try:
                place.acquire()
            except MeteringUnavailable:
                return _later(job_id, job, query, MeteringUnavailable.__name__)
            time.sleep(min(waiting.poll_s, left))
    finally:
        place.leave()


def _later(job_id: str, job: Job | None, query: ContentRequest, failed: str | None) -> ContentResponse:
    if not query.is_last_for(job):
        response = to_job(job_id, job_url(job_id), query.next_url(job_id))
        return ContentResponse(response, (), failed)
    state = "cannot be read now" if failed else "is still running"
    raise StillRunning(
        f"The job '{job_id}' {state}. Nothing is lost: the work continues, and is charged once. "
        f"Its result will be at {content_url(job_id)}; GET /v1/audio/jobs/{job_id} shows the progress."
    )
