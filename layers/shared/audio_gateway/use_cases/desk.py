"""Where jobs are begun and ended, as the functions of the API have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_gateway.clock import now_ms
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.lag import Lag
from audio_gateway.metering.unsettled import Unsettled
from audio_gateway.use_cases.job_money import JobTill
from audio_gateway.use_cases.start_job import JobDesk

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


def desk_on_aws(
    client: DynamoDBClient, table: str, bucket: str, machine_arn: str, unsettled: Unsettled, lag: Lag
) -> JobDesk:
    """A desk over the table, the bucket and the state machine. Nothing is called before there is a job."""
    meter = DynamoJobMeter(client, table, lag, hold_seconds=JOB_HOLD_SECONDS)
    return JobDesk(
        store=JobStore(client, table),
        files=JobFiles(bucket, patient=False),
        executions=Executions(machine_arn),
        till=JobTill(meter, unsettled),
        now_ms=now_ms,
    )
