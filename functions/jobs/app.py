"""All routes below /v1/audio/jobs."""

import os

from audio_gateway import init_phase
from audio_gateway.api.active_key import writers
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.jobs import jobs_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.metering.waiting_polls import WaitingPolls
from audio_gateway.storage.results import ResultStore
from audio_gateway.wiring.job_starting import job_service_on_aws
from audio_gateway.wiring.job_stopping import job_stopping_on_aws
from audio_gateway.wiring.settings import JobsSettings

settings = JobsSettings.from_env(os.environ)
pending_settlements = PendingSettlementStore(settings.bucket)
client = dynamodb_client()
job_service = job_service_on_aws(
    client, settings.table, settings.bucket, settings.machine_arn, pending_settlements, settings.lateness
)
stopping = job_stopping_on_aws(
    job_service,
    catalog=settings.catalog,
    end_function=settings.end_function,
    webhook_queue_url=settings.webhook_queue_url,
)
app = jobs_app(
    stopping=stopping,
    results=ResultStore(settings.bucket),
    waits=WaitingPolls(client, settings.table),
    writer_of=writers(AccountStore(client, settings.table)),
)
handler = init_phase.done(lambda_handler(app, "jobs", settings.origins))
