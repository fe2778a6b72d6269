"""How jobs are ended, as the steps of the state machine have it."""

from __future__ import annotations

from audio_gateway.catalog.models import Catalog
from audio_gateway.clock import now_ms
from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.webhook_queue import WebhookQueue
from audio_gateway.jobs.webhooks_notify import JobNews
from audio_gateway.metering.dynamodb import patient_dynamodb_client
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.lag import Lag
from audio_gateway.metering.late_rows import LateRows
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.use_cases.job_money import JobTill
from audio_gateway.use_cases.merge_job import Ending


def ending_on_aws(catalog: Catalog, table: str, bucket: str, webhook_queue_url: str, lag: Lag) -> Ending:
    """An ending over the table, the bucket and the queue of webhooks. Nothing is called before there is a job."""
    client = patient_dynamodb_client()
    meter = DynamoJobMeter(client, table, lag, hold_seconds=JOB_HOLD_SECONDS)
    return Ending(
        store=JobStore(client, table),
        files=JobFiles(bucket),
        till=JobTill(meter, UnsettledStore(bucket, patient=True)),
        ledger=LateRows(client, table, lag, now_ms),
        catalog=catalog,
        notify=JobNews(WebhookQueue(webhook_queue_url)).notify,
        now_ms=now_ms,
    )
