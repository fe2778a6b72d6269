"""First step of a job: cuts the input into chunks and holds the price."""

import os

from audio_gateway import init_phase
from audio_gateway.wiring.job_prepare import job_prepare_on_aws
from audio_gateway.wiring.settings import JobPrepareSettings
from audio_gateway.workers.job_steps import prepare_handler

settings = JobPrepareSettings.from_env(os.environ)
preparation = job_prepare_on_aws(settings)
handler = init_phase.done(prepare_handler(preparation))
