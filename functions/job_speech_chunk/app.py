"""Second step of a job that speaks a text, once per task: calls a provider."""

import os

from audio_gateway import init_phase
from audio_gateway.wiring.job_chunk import job_chunk_on_aws
from audio_gateway.wiring.settings import JobStepSettings
from audio_gateway.workers.job_steps import chunk_handler

settings = JobStepSettings.from_env(os.environ)
work = job_chunk_on_aws(settings)
handler = init_phase.done(chunk_handler(work, "speech"))
