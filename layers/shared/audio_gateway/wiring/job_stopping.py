"""Composes what the jobs function cancels and deletes jobs with."""

from __future__ import annotations

from functools import partial

from audio_gateway.catalog.source import CatalogSource
from audio_gateway.jobs.end_function import EndFunction
from audio_gateway.use_cases.jobs.cancel import JobStopping
from audio_gateway.use_cases.jobs.start import JobService
from audio_gateway.webhooks.job_events import JobEventPublisher
from audio_gateway.webhooks.queue import WebhookQueue
from audio_gateway.wiring.catalogue import catalog_on_aws


def job_stopping_on_aws(
    job_service: JobService, *, catalog: CatalogSource, end_function: str, webhook_queue_url: str
) -> JobStopping:
    """Cancels jobs by the function that ends jobs and the queue of webhooks. The catalogue is read when one is."""
    return JobStopping(
        job_service=job_service,
        catalog=partial(catalog_on_aws, catalog),
        end=EndFunction(end_function).end,
        publish=JobEventPublisher(WebhookQueue(webhook_queue_url)).publish,
    )
