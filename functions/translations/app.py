"""POST /v1/audio/translations."""

import os

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import CatalogSettings
from audio_gateway.api.transcriptions import translations_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.providers.registry import provider_of

settings = CatalogSettings.from_env(os.environ)
app = translations_app(catalog=catalog_from(settings.catalog), providers=provider_of)
handler = lambda_handler(app, "translations")
