"""GET /v1/models and /v1/models/{id}."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.models import models_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.wiring.settings import CatalogSettings

settings = CatalogSettings.from_env(os.environ)
app = models_app(catalog=catalog_from(settings.catalog))
handler = init_phase.done(lambda_handler(app, "models", settings.origins))
