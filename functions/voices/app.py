"""GET /v1/audio/voices."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.settings import CatalogSettings
from audio_gateway.wiring.voices import voices_on_aws

settings = CatalogSettings.from_env(os.environ)
app = voices_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "voices", settings.origins))
