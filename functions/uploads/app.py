"""POST /v1/audio/uploads, and GET and DELETE /v1/audio/uploads/{id}."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.settings import StorageSettings
from audio_gateway.wiring.uploads import uploads_on_aws

settings = StorageSettings.from_env(os.environ)
app = uploads_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "uploads", settings.origins))
