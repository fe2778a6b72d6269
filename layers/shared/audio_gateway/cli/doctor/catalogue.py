"""The catalogue that the gateway is meant to have: the file on this machine, not the copy in its layer."""

from __future__ import annotations

from pathlib import Path

from audio_gateway.catalog.load import load_catalog
from audio_gateway.catalog.models import Catalog
from audio_gateway.cli.catalog import catalogue_path
from audio_gateway.cli.doctor.check import Red
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.errors import ConfigurationError


def catalogue_file(visit: Visit) -> Path:
    """The file that is named, or that `catalog check` finds; raises `Red` if there is none."""
    path = Path(visit.catalog) if visit.catalog else catalogue_path()
    if not path.is_file():
        raise Red(f"{path} is no file", "Name the catalogue that was deployed: AUDIO_GATEWAY_CATALOG, or --catalog.")
    return path


def catalogue_of(visit: Visit) -> Catalog:
    """What is in it; raises `Red` if it has mistakes."""
    path = catalogue_file(visit)
    try:
        return load_catalog(path)
    except ConfigurationError as error:
        raise Red(error.message, f"`audio-gateway catalog check {path}` names each mistake.") from error
