"""Ends and settles a job that cannot continue."""

import os

from audio_gateway import init_phase
from audio_gateway.api.job_steps import end_handler
from audio_gateway.api.settings import EndingSettings
from audio_gateway.catalog.load import catalog_from
from audio_gateway.use_cases.ending import ending_on_aws

settings = EndingSettings.from_env(os.environ)
catalog = catalog_from(settings.catalog)
ending = ending_on_aws(catalog, settings.table, settings.bucket, settings.webhook_queue_url, settings.lag)
handler = init_phase.done(end_handler(ending))
