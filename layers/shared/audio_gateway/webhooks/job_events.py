"""Publishes the ends of jobs to webhooks."""

from __future__ import annotations

from audio_gateway.jobs.job import Job
from audio_gateway.webhooks.queue import JobEvent, WebhookQueue
from audio_gateway.webhooks.webhook import EVENT_OF_STATUS, WebhookEvent

_MILLISECONDS = 1000


class JobEventPublisher:
    """Queues the ends of jobs for delivery. The function behind the queue finds the endpoints."""

    def __init__(self, queue: WebhookQueue) -> None:
        self._queue = queue

    def publish(self, job: Job) -> None:
        """Publish the end of a job. Safe to repeat: it is the same event, with the same id.

        Raises `StorageUnavailable` if it cannot be queued now; then repeat the step that ends the job.
        """
        # Only stored values of the job, so a repeated event is the same to the byte.
        ended_at = job.created_at if job.completed_ms is None else job.completed_ms // _MILLISECONDS
        event = WebhookEvent(EVENT_OF_STATUS[job.status], job.id, ended_at)
        self._queue.publish(JobEvent(job.project_id, event))
