"""Composes what the steps of the state machine end jobs with."""

from __future__ import annotations

from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.clock import now_ms
from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.use_cases.jobs.billing import JobBilling
from audio_gateway.use_cases.jobs.merge import JobEnding
from audio_gateway.webhooks.job_events import JobEventPublisher
from audio_gateway.webhooks.queue import WebhookQueue
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.late_rows import late_rows_on_aws
from audio_gateway.wiring.settings import JobEndSettings


def job_ending_on_aws(settings: JobEndSettings) -> JobEnding:
    """Ends jobs in the table, the bucket and the queue of webhooks. It calls AWS only once there is a job."""
    client, table = patient_dynamodb_client(), settings.table
    rows = late_rows_on_aws(client, table, settings.lateness)
    meter = DynamoJobMeter(client, table, rows, hold_seconds=JOB_HOLD_SECONDS)
    return JobEnding(
        store=JobStore(client, table),
        files=JobFiles(settings.bucket),
        billing=JobBilling(meter, PendingSettlementStore(settings.bucket, patient=True)),
        ledger=rows,
        catalog=catalog_on_aws(settings.catalog),
        publish=JobEventPublisher(WebhookQueue(settings.webhook_queue_url)).publish,
        now_ms=now_ms,
    )
