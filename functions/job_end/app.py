"""Ends and settles a job that cannot continue."""

import os

from audio_gateway import init_phase
from audio_gateway.catalog.load import catalog_from
from audio_gateway.wiring.job_ending import job_ending_on_aws
from audio_gateway.wiring.settings import JobEndSettings
from audio_gateway.workers.job_steps import end_handler

settings = JobEndSettings.from_env(os.environ)
catalog = catalog_from(settings.catalog)
ending = job_ending_on_aws(catalog, settings.table, settings.bucket, settings.webhook_queue_url, settings.lateness)
handler = init_phase.done(end_handler(ending))
