"""Options that only some models have: refused by name, never dropped (docs/configuration.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from audio_gateway.catalog.models import Capability, Catalog, Endpoint, Model
from audio_gateway.errors import UnsupportedOption

# The capabilities of which a model must have one, by request field (contract sections 2 and 3.2). `chunking_strategy`
# has no capability of its own: models that identify speakers or return log probabilities take it.
NEEDS: Final[Mapping[str, tuple[Capability, ...]]] = {
    "instructions": ("instructions",),
    "prompt": ("prompt",),
    "temperature": ("temperature",),
    "languages": ("keywords",),
    "keywords": ("keywords",),
    "include": ("logprobs",),
    "chunking_strategy": ("diarization", "logprobs"),
    "known_speaker_names": ("diarization",),
    "known_speaker_references": ("diarization",),
}


def ignored_options(requested: Iterable[str], model: Model, endpoint: Endpoint, catalog: Catalog) -> frozenset[str]:
    """The options asked for that the model cannot use and that the catalogue ignores.

    Raises `UnsupportedOption` for any other that the model cannot use, with the models that can.
    """
    ignored = set()
    for option in requested:
        needs = NEEDS[option]
        if not model.capabilities.isdisjoint(needs):
            continue
        if option not in model.ignore:
            raise unsupported(option, model, able(needs, endpoint, catalog))
        ignored.add(option)
    return frozenset(ignored)


def able(needs: tuple[Capability, ...], endpoint: Endpoint, catalog: Catalog) -> tuple[str, ...]:
    """Ids of the models for `endpoint` that have at least one of these capabilities."""
    return tuple(dict.fromkeys(model_id for need in needs for model_id in catalog.able(endpoint, need)))


def unsupported(option: str, model: Model, others: tuple[str, ...], value: str | None = None) -> UnsupportedOption:
    """The error for an option, or one value of it, that the model cannot use."""
    shown = f"'{option}'" if value is None else f"{option}='{value}'"
    remedy = f"Models that do: {', '.join(others)}. Ask one of them, or" if others else "No model here does:"
    return UnsupportedOption(f"The model '{model.id}' does not support {shown}. {remedy} leave it out.", param=option)
