"""How jobs are ended before their time, as the function of the API that shows them has it."""

from __future__ import annotations

from functools import cache, partial

from audio_gateway.catalog.models import Catalog
from audio_gateway.jobs.end_function import EndFunction
from audio_gateway.jobs.webhook_queue import WebhookQueue
from audio_gateway.jobs.webhooks_notify import JobNews
from audio_gateway.use_cases.end_job import Stopping
from audio_gateway.use_cases.start_job import JobDesk


def stopping_on_aws(desk: JobDesk, *, catalog: str, end_function: str, webhook_queue_url: str) -> Stopping:
    """Over the desk, the function that ends jobs, and the queue of webhooks. `catalog` is the path of the catalogue."""
    return Stopping(
        desk=desk,
        catalog=cache(partial(_catalog, catalog)),
        end=EndFunction(end_function).end,
        notify=JobNews(WebhookQueue(webhook_queue_url)).notify,
    )


def _catalog(path: str) -> Catalog:
    # Imported and read when the first job is cancelled: nearly all requests only look at jobs.
    from audio_gateway.catalog.load import catalog_from

    return catalog_from(path)
