"""Telling the world that a job is over."""

from __future__ import annotations

from audio_gateway.jobs.job import Job
from audio_gateway.webhooks.queue import JobEvent, WebhookQueue
from audio_gateway.webhooks.webhook import EVENT_OF_STATUS, WebhookEvent

_MILLISECONDS = 1000


class JobEventPublisher:
    """Puts the ends of jobs into the queue of webhooks; who wants to know is found out behind it."""

    def __init__(self, queue: WebhookQueue) -> None:
        self._queue = queue

    def publish(self, job: Job) -> None:
        """Announce a job that is over. Safe to repeat: it is the same event, with the same id.

        Raises `StorageUnavailable` if it cannot be announced now; the step that ends the job is then to be repeated.
        """
        # Of the job as it is kept, so that a repeated announcement is the same to the byte.
        ended_at = job.created_at if job.completed_ms is None else job.completed_ms // _MILLISECONDS
        event = WebhookEvent(EVENT_OF_STATUS[job.status], job.id, ended_at)
        self._queue.publish(JobEvent(job.project_id, event))
