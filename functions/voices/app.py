"""GET /v1/audio/voices."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import CatalogSettings
from audio_gateway.api.voices import voices_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.providers.registry import provider_of, start_engines

settings = CatalogSettings.from_env(os.environ)
catalog = catalog_from(settings.catalog)
start_engines(catalog)
app = voices_app(catalog=catalog, providers=provider_of)
handler = init_phase.done(lambda_handler(app, "voices", settings.origins))
