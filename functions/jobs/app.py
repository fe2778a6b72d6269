"""All routes below /v1/audio/jobs."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.jobs import jobs_app
from audio_gateway.api.results import ResultStore
from audio_gateway.api.settings import DeskSettings
from audio_gateway.api.writers import writers
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.metering.waits import Waits
from audio_gateway.use_cases.desk import desk_on_aws
from audio_gateway.use_cases.stopping import stopping_on_aws

settings = DeskSettings.from_env(os.environ)
unsettled = UnsettledStore(settings.bucket)
client = dynamodb_client()
desk = desk_on_aws(client, settings.table, settings.bucket, settings.machine_arn, unsettled, settings.lag)
stopping = stopping_on_aws(
    desk,
    catalog=settings.catalog,
    end_function=settings.end_function,
    webhook_queue_url=settings.webhook_queue_url,
)
app = jobs_app(
    stopping=stopping,
    results=ResultStore(settings.bucket),
    waits=Waits(client, settings.table),
    writer_of=writers(AccountStore(client, settings.table)),
)
handler = init_phase.done(lambda_handler(app, "jobs", settings.origins))
