"""All routes below /v1/audio/jobs."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.jobs import jobs_on_aws
from audio_gateway.wiring.settings import JobsSettings

settings = JobsSettings.from_env(os.environ)
app = jobs_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "jobs", settings.origins))
