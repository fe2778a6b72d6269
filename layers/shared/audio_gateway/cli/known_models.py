"""Whether the models that a key is limited to are in the catalogue here, which is mostly the one that is deployed."""

from __future__ import annotations

from audio_gateway.catalog.load import load_catalog
from audio_gateway.cli.catalog import catalogue_path
from audio_gateway.cli.output import remark
from audio_gateway.errors import ConfigurationError
from audio_gateway.metering.limits import Limits


def remark_unknown_models(limits: Limits) -> None:
    """Say which models of the limits nobody here knows: a key that may use no other is refused everything."""
    if not limits.models:
        return
    path = catalogue_path()
    try:
        known = load_catalog(path).models
    except ConfigurationError:
        return  # which `catalog check` explains; the gateway may have another one
    unknown = [f"'{name}'" for name in limits.models if name not in known]
    if unknown:
        remark(f"Note: {path} has no model {', '.join(unknown)}. Unless the gateway has it, the key cannot use it.")
