"""Checks the entries of a catalogue against each other; each is well formed by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audio_gateway.audio.cut import LEAST_BYTES, LEAST_SECONDS
from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.defaults import Defaults
from audio_gateway.catalog.problems import Problem, suggestion
from audio_gateway.catalog.schema import ModelEntry, ProviderEntry


def check_provider(where: str, provider: ProviderEntry) -> Iterator[Problem]:
    """Check that a provider has the settings that its adapter needs, and none that it refuses."""
    spec = spec_of(provider.adapter)
    for field, remedy in spec.needs.items():
        if field not in provider.model_fields_set:
            yield Problem(where, field, f"is missing; {remedy}")
    for field, reason in spec.refuses.items():
        if field in provider.model_fields_set:
            yield Problem(where, field, f"does not apply to the adapter '{spec.name}', {reason}")


def check_ids(places: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """Check that every id is unique. `places` are (where, id) of all models in the order of the file."""
    first: dict[str, str] = {}
    for where, model_id in places:
        if model_id in first:
            yield Problem(where, "id", f"'{model_id}' is already the id of {first[model_id]}")
        first.setdefault(model_id, where)


def check_aliases(places: Sequence[tuple[str, str | None, Sequence[str]]]) -> Iterator[Problem]:
    """Check that no two models have the same alias. `places` are (where, id, aliases) of all models in file order.

    An alias may be the id of another model, which then has the name: an operator takes an alias away by adding the
    real model.
    """
    first: dict[str, str] = {}
    for where, model_id, aliases in places:
        for index, alias in enumerate(aliases):
            field = f"aliases[{index}]"
            if alias == model_id:
                yield Problem(where, field, f"'{alias}' is the id of the model itself")
            elif alias in aliases[:index]:
                yield Problem(where, field, f"'{alias}' appears twice")
            elif alias in first:
                yield Problem(where, field, f"'{alias}' is already an alias of {first[alias]}")
            else:
                first[alias] = where


def check_model(where: str, model: ModelEntry, provider: ProviderEntry) -> Iterator[Problem]:
    """Check a model against its provider, and its fields against each other."""
    upstream = model.upstream or model.id
    spec = spec_of(provider.adapter)
    defaults = spec.defaults_for(upstream, model.endpoints)
    if defaults is None:
        field = "id" if model.upstream is None else "upstream"
        problem = f"'{upstream}' is not a model of the adapter '{spec.name}'; its models are {', '.join(spec.models)}"
        yield Problem(where, field, f"{problem} (set upstream){suggestion(upstream, spec.models)}")
    else:
        yield from _check_endpoints(where, model, upstream, defaults)
        yield from _check_chunks(where, model, defaults)
    yield from _check_price(where, model)
    if model.cache is not None and "speech" not in model.endpoints:
        yield Problem(where, "cache", f"applies to speech only; {', '.join(model.endpoints)} is never cached")


def _check_endpoints(where: str, model: ModelEntry, upstream: str, defaults: Defaults) -> Iterator[Problem]:
    able = defaults.endpoints
    for endpoint in model.endpoints:
        if able is not None and endpoint not in able:
            yield Problem(where, "endpoints", f"'{upstream}' cannot serve '{endpoint}', only {', '.join(sorted(able))}")


def _check_chunks(where: str, model: ModelEntry, defaults: Defaults) -> Iterator[Problem]:
    limit = model.max_seconds or defaults.max_seconds
    if set(model.endpoints) != {"speech"}:
        least: tuple[tuple[str, float | None, float], ...] = (
            ("max_seconds", model.max_seconds, LEAST_SECONDS),
            ("max_bytes", model.max_bytes, LEAST_BYTES),
            ("chunk_seconds", model.chunk_seconds, LEAST_SECONDS),
        )
        for field, value, lowest in least:
            if value is not None and value < lowest:
                problem = f"is {value:g}, too small to cut long audio into parts; use at least {lowest:g}"
                yield Problem(where, field, problem)
    if model.chunk_seconds is not None and limit is not None and model.chunk_seconds > limit:
        yield Problem(where, "chunk_seconds", f"is {model.chunk_seconds:g}, more than max_seconds, {limit:g}")


def _check_price(where: str, model: ModelEntry) -> Iterator[Problem]:
    units = (
        ("usd_per_million_characters", model.price.usd_per_million_characters, "characters", {"speech"}),
        ("usd_per_minute", model.price.usd_per_minute, "minutes", {"transcriptions", "translations"}),
    )
    for unit, amount, measure, endpoints in units:
        paid = sorted(endpoints.intersection(model.endpoints))
        if paid and amount is None:
            problem = f'is missing: the price of {" and ".join(paid)} is by {measure}; free is written "0"'
            yield Problem(where, f"price.{unit}", problem)
        if not paid and amount is not None:
            yield Problem(where, f"price.{unit}", f"is the wrong unit: {', '.join(model.endpoints)} has no {measure}")


def check_fallbacks(
    where: str, model: ModelEntry, models: Mapping[str, ModelEntry | None], aliases: Mapping[str, str]
) -> Iterator[Problem]:
    """Check the fallbacks of a model. `models` has all models of the file by id; None for an entry with problems.

    `aliases` has the id for each alias. A fallback must not be one: who serves, and at what price, would change by an
    entry that is added elsewhere.
    """
    for index, other_id in enumerate(model.fallbacks):
        field = f"fallbacks[{index}]"
        if other_id == model.id or (other_id not in models and aliases.get(other_id) == model.id):
            yield Problem(where, field, f"'{other_id}' is the model itself")
        elif other_id in model.fallbacks[:index]:
            yield Problem(where, field, f"'{other_id}' appears twice")
        elif other_id not in models and other_id in aliases:
            yield Problem(where, field, f"'{other_id}' is an alias; write the model's id, '{aliases[other_id]}'")
        elif other_id not in models:
            problem = f"'{other_id}' is not a model in this file; the models are {', '.join(models)}"
            yield Problem(where, field, problem + suggestion(other_id, models))
        elif (other := models[other_id]) is not None and not set(model.endpoints).intersection(other.endpoints):
            served = ", ".join(other.endpoints)
            yield Problem(where, field, f"'{other_id}' serves {served}, none of {', '.join(model.endpoints)}")
