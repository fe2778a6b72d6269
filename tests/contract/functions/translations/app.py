"""POST /v1/audio/translations of the contract profile."""

import os

from stub import StubProvider, meaningful, measured

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import CatalogSettings
from audio_gateway.api.transcriptions import translations_app
from audio_gateway.catalog.load import catalog_from

settings = CatalogSettings.from_env(os.environ)
app = translations_app(
    catalog=catalog_from(settings.catalog), providers=lambda _provider: StubProvider(), measure=measured
)
_handle = lambda_handler(app, "translations")


def handler(event, context):
    """The real handler, on an event that means something."""
    return _handle(meaningful(event), context)
