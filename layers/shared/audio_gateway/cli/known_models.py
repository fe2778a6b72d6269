"""Compares the models that a key is limited to with the catalogue here, which is usually the deployed one."""

from __future__ import annotations

from audio_gateway.catalog.load import load_catalog
from audio_gateway.cli.catalog import catalogue_path
from audio_gateway.cli.output import note
from audio_gateway.errors import ConfigurationError
from audio_gateway.metering.limits import Limits


def note_unknown_models(limits: Limits) -> None:
    """Note the models in the limits that the catalogue lacks: a key limited to those cannot use any model."""
    if not limits.models:
        return
    path = catalogue_path()
    try:
        known = load_catalog(path).names()
    except ConfigurationError:
        return  # `catalog check` reports this; the gateway may have another catalogue
    unknown = [f"'{name}'" for name in limits.models if name not in known]
    if unknown:
        note(f"Note: {path} has no model {', '.join(unknown)}. The key cannot use a model that the gateway lacks.")
