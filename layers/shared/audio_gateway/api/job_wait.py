"""Waiting for a job's result, over as many redirects as the official SDKs follow.

Each request waits for up to 25 s, then redirects to itself. The SDKs follow 20 redirects, the one that led from the
call to the job included. Whoever still waits at the last of them is told where the result will be.

    POST …/transcriptions ──303──► content?hop=1 ──303──► … ──303──► content?hop=20 ──► the result, or 504

An error would end the whole call: the SDKs answer it by sending the POST again. So what fails in passing, while a job
is looked at or its result is read, counts as not over yet, and the next redirect is another try.

Waiting reads the job's item twice a second, at most 50 times a request: an item below 4 KB is one read unit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from audio_gateway.api.job_content import Content, ContentRequest
from audio_gateway.api.job_shapes import content_url, job_url
from audio_gateway.api.redirects import to_job
from audio_gateway.deadline import Deadline
from audio_gateway.errors import StillRunning, StorageUnavailable
from audio_gateway.jobs.job import Job

READING_S: Final = 3.6
"""What has to be left before the deadline for a request that begins to read a result. A silent bucket takes 6.05 s
(`jobs/job_files.py`), of which 2.5 s may lie behind the deadline (`app.py`): an error is made at once."""


def wait_for(
    job_id: str,
    look: Callable[[], Job],
    read: Callable[[Job], Content],
    asked: ContentRequest,
    deadline: Deadline,
    *,
    poll_s: float,
) -> Content:
    """What `read` makes of the job that `look` gives once it is over; otherwise a redirect to where to go on waiting.

    Raises:
        StillRunning: nobody would follow another redirect.
        GatewayError: whatever `look` and `read` raise, but for `StorageUnavailable`.
    """
    give_up_at = min(time.monotonic() + asked.wait_s, deadline.at_s)
    job: Job | None = None
    while True:
        failed = False
        try:
            job = look()
            if job.is_final:
                if asked.is_last_for(job) or deadline.remaining_s() >= READING_S:
                    return read(job)
                give_up_at = 0.0  # the next request has the time
        except StorageUnavailable:
            failed = True
        left = give_up_at - time.monotonic()
        if left <= 0:
            return _later(job_id, job, asked, failed=failed)
        time.sleep(min(poll_s, left))


def _later(job_id: str, job: Job | None, asked: ContentRequest, *, failed: bool) -> Content:
    if not asked.is_last_for(job):
        response = to_job(job_id, job_url(job_id), asked.next_url(job_id))
        return Content(response, (), StorageUnavailable.__name__ if failed else None)
    state = "cannot be looked at now" if failed else "is still running"
    raise StillRunning(
        f"The job '{job_id}' {state}, and nothing is lost: it goes on, and is not paid again. "
        f"Its result will be at {content_url(job_id)}; GET /v1/audio/jobs/{job_id} tells how far it is."
    )
