"""Where jobs are begun and ended, as the functions of the API have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_gateway.clock import now_ms
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.pending_settlements import PendingSettlements
from audio_gateway.use_cases.jobs.billing import JobBilling
from audio_gateway.use_cases.jobs.start import JobService
from audio_gateway.wiring.late_rows import late_rows_on_aws

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


def job_service_on_aws(
    client: DynamoDBClient,
    table: str,
    bucket: str,
    machine_arn: str,
    pending_settlements: PendingSettlements,
    lateness: AllowedLateness,
) -> JobService:
    """A desk over the table, the bucket and the state machine. Nothing is called before there is a job."""
    rows = late_rows_on_aws(client, table, lateness)
    meter = DynamoJobMeter(client, table, rows, hold_seconds=JOB_HOLD_SECONDS)
    return JobService(
        store=JobStore(client, table),
        files=JobFiles(bucket, patient=False),
        executions=Executions(machine_arn),
        billing=JobBilling(meter, pending_settlements),
        now_ms=now_ms,
    )
