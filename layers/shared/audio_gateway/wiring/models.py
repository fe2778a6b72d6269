"""The models function on AWS."""

from __future__ import annotations

from audio_gateway.api.http.app import App
from audio_gateway.api.models import models_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.wiring.settings import CatalogSettings


def models_on_aws(settings: CatalogSettings) -> App:
    """The deployed catalogue."""
    return models_app(catalog=catalog_from(settings.catalog))
