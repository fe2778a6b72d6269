"""POST /v1/audio/speech."""

import os

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.results import ResultStore
from audio_gateway.api.settings import AudioSettings
from audio_gateway.api.speech import speech_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.providers.registry import provider_of

settings = AudioSettings.from_env(os.environ)
app = speech_app(catalog=catalog_from(settings.catalog), providers=provider_of, results=ResultStore(settings.bucket))
handler = lambda_handler(app, "speech")
