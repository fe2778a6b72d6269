"""First step of a job: cuts the input into chunks and holds the price."""

import os

from audio_gateway import init_phase
from audio_gateway.api.job_steps import prepare_handler
from audio_gateway.api.settings import PrepareSettings
from audio_gateway.catalog.load import catalog_from
from audio_gateway.clock import now_ms
from audio_gateway.jobs.fetch import Fetcher
from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import lanes_within
from audio_gateway.jobs.targets import AllowedHosts
from audio_gateway.metering.dynamodb import patient_dynamodb_client
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.providers.registry import provider_of
from audio_gateway.use_cases.job_money import JobTill
from audio_gateway.use_cases.prepare_job import Preparation

settings = PrepareSettings.from_env(os.environ)
dynamodb, files = patient_dynamodb_client(), JobFiles(settings.bucket)
meter = DynamoJobMeter(dynamodb, settings.table, settings.lag, hold_seconds=JOB_HOLD_SECONDS)
preparation = Preparation(
    store=JobStore(dynamodb, settings.table),
    files=files,
    till=JobTill(meter, UnsettledStore(settings.bucket, patient=True)),
    catalog=catalog_from(settings.catalog),
    providers=provider_of,
    fetch=Fetcher(files, AllowedHosts.parse(settings.allow_hosts)),
    now_ms=now_ms,
    most_lanes=lanes_within(settings.lambda_concurrency),
)
handler = init_phase.done(prepare_handler(preparation))
