"""The deployed catalogue, read when a call first needs it: nearly none of the admin API does."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from audio_gateway.catalog.models import Catalog


def catalog_when_asked(path: str) -> Callable[[], Catalog]:
    """Gives the catalogue at a path, always the same one; what it gives raises `ConfigurationError`."""
    return cache(partial(_read, path))


def _read(path: str) -> Catalog:
    from audio_gateway.catalog.load import catalog_from

    return catalog_from(path)
