"""How jobs are ended, as the steps of the state machine have it."""

from __future__ import annotations

from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.catalog.models import Catalog
from audio_gateway.clock import now_ms
from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.use_cases.jobs.billing import JobBilling
from audio_gateway.use_cases.jobs.merge import JobEnding
from audio_gateway.webhooks.job_events import JobEventPublisher
from audio_gateway.webhooks.queue import WebhookQueue
from audio_gateway.wiring.late_rows import late_rows_on_aws


def job_ending_on_aws(
    catalog: Catalog, table: str, bucket: str, webhook_queue_url: str, lateness: AllowedLateness
) -> JobEnding:
    """An ending over the table, the bucket and the queue of webhooks. Nothing is called before there is a job."""
    client = patient_dynamodb_client()
    rows = late_rows_on_aws(client, table, lateness)
    meter = DynamoJobMeter(client, table, rows, hold_seconds=JOB_HOLD_SECONDS)
    return JobEnding(
        store=JobStore(client, table),
        files=JobFiles(bucket),
        billing=JobBilling(meter, PendingSettlementStore(bucket, patient=True)),
        ledger=rows,
        catalog=catalog,
        publish=JobEventPublisher(WebhookQueue(webhook_queue_url)).publish,
        now_ms=now_ms,
    )
