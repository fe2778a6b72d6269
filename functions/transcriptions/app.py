"""POST /v1/audio/transcriptions."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.transcriptions import transcriptions_app
from audio_gateway.wiring.settings import TranscriptionSettings
from audio_gateway.wiring.transcription import transcription_on_aws

settings = TranscriptionSettings.from_env(os.environ)
app = transcriptions_app(transcription_on_aws(settings))
handler = init_phase.done(lambda_handler(app, "transcriptions", settings.origins))
