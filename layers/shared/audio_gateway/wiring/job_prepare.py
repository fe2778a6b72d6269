"""The step that prepares a job, on AWS."""

from __future__ import annotations

from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.clock import now_ms
from audio_gateway.jobs.fetch import Fetcher
from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import lanes_within
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.providers.registry import adapter_of
from audio_gateway.use_cases.jobs.billing import JobBilling
from audio_gateway.use_cases.jobs.prepare import Preparation
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.late_rows import late_rows_on_aws
from audio_gateway.wiring.settings import JobPrepareSettings


def job_prepare_on_aws(settings: JobPrepareSettings) -> Preparation:
    """Jobs and holds in the table, audio and chunks in the bucket."""
    client, files = patient_dynamodb_client(), JobFiles(settings.bucket)
    rows = late_rows_on_aws(client, settings.table, settings.lateness)
    meter = DynamoJobMeter(client, settings.table, rows, hold_seconds=JOB_HOLD_SECONDS)
    return Preparation(
        store=JobStore(client, settings.table),
        files=files,
        billing=JobBilling(meter, PendingSettlementStore(settings.bucket, patient=True)),
        catalog=catalog_on_aws(settings.catalog),
        providers=adapter_of,
        fetch=Fetcher(files, AllowedHosts.parse(settings.allow_hosts)),
        now_ms=now_ms,
        most_lanes=lanes_within(settings.lambda_concurrency),
    )
