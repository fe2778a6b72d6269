"""The voices function on AWS."""

from __future__ import annotations

from audio_gateway.api.http.app import App
from audio_gateway.api.voices import voices_app
from audio_gateway.providers.registry import adapter_of
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.settings import CatalogSettings


def voices_on_aws(settings: CatalogSettings) -> App:
    """The deployed catalogue, and the voices of the embedded engines. The first request starts eSpeak NG."""
    catalog = catalog_on_aws(settings.catalog)
    return voices_app(catalog=catalog, providers=adapter_of)
