"""The part of a catalogue that a stack can serve, where an engine is not installed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.models import Catalog, MissingModel, Model
from audio_gateway.errors import ConfigurationError


def installed_part(catalog: Catalog, engines: Collection[str], source: str) -> Catalog:
    """The catalogue without the models whose engines are not among `engines`; `missing` says which and why.

    The aliases of a missing model go to its first fallback that is installed and serves one of its endpoints. A
    fallback that is missing, too, is replaced by its own fallbacks. Where there is none, the aliases are lost. Other
    models no longer fall back to a missing one.

    Raises `ConfigurationError`, which names the file `source`, if no model is left.
    """
    missing = {m.id: m for m in catalog.models.values() if _is_missing(m, engines)}
    if not missing:
        return catalog
    if len(missing) == len(catalog.models):
        raise ConfigurationError(
            f"{source}: no model is left, because the engines of {', '.join(missing)} are not installed in this stack; "
            "install them, or add a model of another provider"
        )
    heirs = {m.id: _heir(m, catalog.models, missing) for m in missing.values()}
    inherited: dict[str, tuple[str, ...]] = {}
    for model in missing.values():
        heir = heirs[model.id]
        if heir is not None:
            inherited[heir] = (*inherited.get(heir, ()), *model.aliases)
    models = {
        m.id: replace(
            m,
            aliases=(*m.aliases, *inherited.get(m.id, ())),
            fallbacks=tuple(fallback for fallback in m.fallbacks if fallback not in missing),
        )
        for m in catalog.models.values()
        if m.id not in missing
    }
    return Catalog(MappingProxyType(models), tuple(_described(m, heirs[m.id]) for m in missing.values()))


def _is_missing(model: Model, engines: Collection[str]) -> bool:
    return spec_of(model.provider.adapter).has_engines and model.upstream not in engines


def _heir(model: Model, models: Mapping[str, Model], missing: Mapping[str, Model]) -> str | None:
    seen, candidates = {model.id}, list(model.fallbacks)
    while candidates:
        candidate = models[candidates.pop(0)]
        if candidate.id in seen:
            continue
        seen.add(candidate.id)
        if candidate.id in missing:
            candidates[:0] = candidate.fallbacks
        elif not candidate.endpoints.isdisjoint(model.endpoints):
            return candidate.id
    return None


def _described(model: Model, heir: str | None) -> MissingModel:
    reason = f"The engine '{model.upstream}' is not installed in this stack."
    if model.aliases:
        names = ", ".join(model.aliases)
        reason += f" No fallback can take over {names}." if heir is None else f" {heir} serves {names} instead."
    return MissingModel(model.id, reason)
