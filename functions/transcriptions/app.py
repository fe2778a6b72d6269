"""POST /v1/audio/transcriptions."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.listening import listening_on_aws
from audio_gateway.api.settings import ListeningSettings
from audio_gateway.api.transcriptions import transcriptions_app

settings = ListeningSettings.from_env(os.environ)
using = listening_on_aws(settings)
handler = init_phase.done(lambda_handler(transcriptions_app(using), "transcriptions", settings.origins))
