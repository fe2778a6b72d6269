"""The catalogue that the gateway should have: the file on this machine, not the copy in its layer."""

from __future__ import annotations

from pathlib import Path

from audio_gateway.catalog.load import load_catalog
from audio_gateway.catalog.models import Catalog
from audio_gateway.cli.catalog import catalogue_path
from audio_gateway.cli.doctor.check import CheckFailed
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.errors import ConfigurationError


def catalogue_file(context: CheckContext) -> Path:
    """Return the catalogue given with --catalog, or that of `catalog check`. Raises `CheckFailed` if it is missing."""
    path = Path(context.catalog) if context.catalog else catalogue_path()
    if not path.is_file():
        raise CheckFailed(
            f"{path} is not a file", "Name the deployed catalogue with AUDIO_GATEWAY_CATALOG or --catalog."
        )
    return path


def catalogue_of(context: CheckContext) -> Catalog:
    """Return the parsed catalogue. Raises `CheckFailed` if it has mistakes."""
    path = catalogue_file(context)
    try:
        return load_catalog(path)
    except ConfigurationError as error:
        raise CheckFailed(error.message, f"`audio-gateway catalog check {path}` lists the mistakes.") from error
