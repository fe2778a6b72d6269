"""The catalogue of a function. It is imported and read when it is first needed."""

from __future__ import annotations

from functools import cache

from audio_gateway.catalog.models import Catalog
from audio_gateway.catalog.source import CatalogSource


@cache
def catalog_on_aws(source: CatalogSource) -> Catalog:
    """The deployed catalogue, read once per process; logs the models that this stack lacks.

    Raises `ConfigurationError`.
    """
    from audio_gateway.catalog.load import load_catalog
    from audio_gateway.telemetry import log_missing_model

    catalog = load_catalog(source.path, source.engines)
    for missing in catalog.missing:
        log_missing_model(missing)
    return catalog
