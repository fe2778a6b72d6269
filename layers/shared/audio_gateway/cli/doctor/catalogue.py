"""The catalogue that the gateway is meant to have: the file on this machine, not the copy in its layer."""

from __future__ import annotations

import os
from pathlib import Path

from audio_gateway.catalog.load import load_catalog
from audio_gateway.catalog.models import Catalog
from audio_gateway.cli.doctor.check import Red
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.cli.gateway import CHECKOUT
from audio_gateway.errors import ConfigurationError


def catalogue_of(visit: Visit) -> Catalog:
    """As `catalog check` finds it; raises `Red` if it has mistakes."""
    path = visit.catalog or os.environ.get("AUDIO_GATEWAY_CATALOG") or CHECKOUT / "layers" / "shared" / "catalog.toml"
    try:
        return load_catalog(Path(path))
    except ConfigurationError as error:
        raise Red(error.message, f"`audio-gateway catalog check {path}` names each mistake.") from error
