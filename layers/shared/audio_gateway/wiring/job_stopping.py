"""How jobs are ended before their time, as the function of the API that shows them has it."""

from __future__ import annotations

from functools import cache, partial

from audio_gateway.catalog.models import Catalog
from audio_gateway.jobs.end_function import EndFunction
from audio_gateway.use_cases.jobs.cancel import JobStopping
from audio_gateway.use_cases.jobs.start import JobService
from audio_gateway.webhooks.job_events import JobEventPublisher
from audio_gateway.webhooks.queue import WebhookQueue


def job_stopping_on_aws(
    job_service: JobService, *, catalog: str, end_function: str, webhook_queue_url: str
) -> JobStopping:
    """Over the desk, the function that ends jobs, and the queue of webhooks. `catalog` is the path of the catalogue."""
    return JobStopping(
        job_service=job_service,
        catalog=cache(partial(_catalog, catalog)),
        end=EndFunction(end_function).end,
        publish=JobEventPublisher(WebhookQueue(webhook_queue_url)).publish,
    )


def _catalog(path: str) -> Catalog:
    # Imported and read when the first job is cancelled: nearly all requests only look at jobs.
    from audio_gateway.catalog.load import catalog_from

    return catalog_from(path)
