"""The deployed catalogue, read when a request first needs it: very few admin requests do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from audio_gateway.catalog.models import Catalog


def lazy_catalog(path: str) -> Callable[[], Catalog]:
    """A function that reads the catalogue at a path once. It raises `ConfigurationError`."""
    return cache(partial(_read, path))


def _read(path: str) -> Catalog:
    from audio_gateway.catalog.load import catalog_from

    return catalog_from(path)
