"""The models function on AWS."""

from __future__ import annotations

from audio_gateway.api.http.app import App
from audio_gateway.api.models import models_app
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.settings import CatalogSettings


def models_on_aws(settings: CatalogSettings) -> App:
    """The deployed catalogue."""
    return models_app(catalog=catalog_on_aws(settings.catalog))
