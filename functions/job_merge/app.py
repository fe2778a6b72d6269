"""A job's last step: make one result of its chunks, end and settle it."""

import os

from audio_gateway import init_phase
from audio_gateway.api.job_steps import merge_handler
from audio_gateway.api.settings import EndingSettings
from audio_gateway.catalog.load import catalog_from
from audio_gateway.jobs.job import HOLD_SECONDS, now_ms
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.webhook_queue import WebhookQueue
from audio_gateway.jobs.webhooks_notify import JobNews
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.use_cases.job_money import JobTill
from audio_gateway.use_cases.merge_job import Ending

settings = EndingSettings.from_env(os.environ)
dynamodb = dynamodb_client()
meter = DynamoMeter(dynamodb, settings.table, hold_seconds=HOLD_SECONDS)
ending = Ending(
    store=JobStore(dynamodb, settings.table),
    files=JobFiles(settings.bucket),
    till=JobTill(meter, UnsettledStore(settings.bucket)),
    catalog=catalog_from(settings.catalog),
    notify=JobNews(WebhookQueue(settings.webhook_queue_url)).notify,
    now_ms=now_ms,
)
handler = init_phase.done(merge_handler(ending))
