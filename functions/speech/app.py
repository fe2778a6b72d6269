"""POST /v1/audio/speech."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.settings import SpeechSettings
from audio_gateway.wiring.speech import speech_on_aws

settings = SpeechSettings.from_env(os.environ)
app = speech_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "speech", settings.origins))
