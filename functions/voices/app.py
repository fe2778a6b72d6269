"""GET /v1/audio/voices."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.voices import voices_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.providers.registry import adapter_of, start_engines
from audio_gateway.wiring.settings import CatalogSettings

settings = CatalogSettings.from_env(os.environ)
catalog = catalog_from(settings.catalog)
start_engines(catalog)
app = voices_app(catalog=catalog, providers=adapter_of)
handler = init_phase.done(lambda_handler(app, "voices", settings.origins))
