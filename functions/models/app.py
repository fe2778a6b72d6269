"""GET /v1/models and /v1/models/{id}."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.models import models_on_aws
from audio_gateway.wiring.settings import CatalogSettings

settings = CatalogSettings.from_env(os.environ)
app = models_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "models", settings.origins))
