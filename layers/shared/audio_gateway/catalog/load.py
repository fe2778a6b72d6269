"""Loads a `Catalog` from its TOML file. One `ConfigurationError` reports all problems of the file."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from audio_gateway.audio.formats import SPEECH_FORMATS
from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.checks import check_aliases, check_fallbacks, check_ids, check_model, check_provider
from audio_gateway.catalog.defaults import CHUNK_SECONDS, CREATED, Defaults
from audio_gateway.catalog.installed import installed_part
from audio_gateway.catalog.models import CacheTerms, Capability, Catalog, Endpoint, Model, Price, Provider
from audio_gateway.catalog.problems import MAX_SHOWN, Problem, configuration_error, problems_of, suggestion
from audio_gateway.catalog.schema import ModelEntry, ProviderEntry
from audio_gateway.errors import ConfigurationError

_TABLES: Final = ("providers", "models")
_STAND_INS: Final[Mapping[str, Any]] = {"id": "?", "provider": "?", "endpoints": ["speech"], "price": {}}
"""Valid values for required fields with problems, to check the rest of a model."""
_Entry = TypeVar("_Entry", bound=BaseModel)


def load_catalog(path: str | Path, engines: Collection[str] | None = None) -> Catalog:
    """Read and check a catalogue. Models whose engines are not in `engines` are left out, unless it is None.

    Raises:
        ConfigurationError: it cannot be read, is not TOML, or has problems: each with its entry, its field, its value
            (unless it may be a secret) and the allowed values. Or no model is left.
    """
    return build_catalog(_read(path), str(path), engines)


def _read(path: str | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 (byte {error.start})") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: is nested too deeply") from error
    except ValueError as error:  # a TOMLDecodeError with its line and column, or a number with too many digits
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from error


def build_catalog(document: Mapping[str, Any], source: str, engines: Collection[str] | None = None) -> Catalog:
    """The catalogue of a parsed file; `source` names it in the messages. Otherwise as `load_catalog`."""
    entries = _Entries(document)
    if entries.problems:
        raise configuration_error(source, entries.problems)
    providers = {provider_id: _provider(provider_id, entry) for provider_id, entry in entries.providers.items()}
    ids = {entry.id for _, entry in entries.models}
    models = {entry.id: _model(entry, providers[entry.provider], ids) for _, entry in entries.models}
    catalog = Catalog(MappingProxyType(models))
    return catalog if engines is None else installed_part(catalog, engines, source)


class _Entries:
    """The well-formed entries of a file, and the problems of all entries."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.problems: list[Problem] = list(_check_tables(document))
        self.providers: dict[str, ProviderEntry] = {}
        self.models: list[tuple[str, ModelEntry]] = []
        self._aliases: dict[str, str] = {}
        self._doubtful: list[tuple[str, ModelEntry, frozenset[str]]] = []
        tables, rows = document.get("providers"), document.get("models")
        self._tables: dict[str, Any] = tables if isinstance(tables, dict) else {}
        self._rows: list[Any] = rows if isinstance(rows, list) else []
        for provider_id, table in self._tables.items():
            self._read_provider(provider_id, table)
        for index, row in enumerate(self._rows):
            self._read_model(_location(index, row), row)
        self._check_models()

    def _read_provider(self, provider_id: str, table: Any) -> None:
        where = f"providers.{provider_id}"
        entry = self._parsed(where, ProviderEntry, table)
        if entry is not None:
            self.providers[provider_id] = entry
            self.problems += check_provider(where, entry)

    def _read_model(self, where: str, row: Any) -> None:
        before = len(self.problems)
        entry = self._parsed(where, ModelEntry, row)
        if entry is not None:
            self.models.append((where, entry))
        elif isinstance(row, dict):
            wrong = frozenset(problem.top_field for problem in self.problems[before:])
            rest = {name: value for name, value in row.items() if name not in wrong}
            stands_in = {name: value for name, value in _STAND_INS.items() if name in wrong}
            self._doubtful.append((where, ModelEntry.model_validate(rest | stands_in), wrong))

    def _parsed(self, where: str, schema: type[_Entry], value: Any) -> _Entry | None:
        try:
            return schema.model_validate(value)
        except ValidationError as error:
            self.problems += problems_of(where, schema, error)
            return None

    def _check_models(self) -> None:
        places = [(_location(i, row), row["id"]) for i, row in enumerate(self._rows) if _id_of(row) is not None]
        self.problems += check_ids(places)
        names = [(_location(i, row), _id_of(row), _aliases_of(row)) for i, row in enumerate(self._rows)]
        self.problems += check_aliases(names)
        self._aliases = {alias: known for _, known, aliases in names if known is not None for alias in aliases}
        by_id: dict[str, ModelEntry | None] = {model_id: None for _, model_id in places}
        by_id.update({entry.id: entry for _, entry in self.models})
        for where, entry in self.models:
            self.problems += self._against_others(where, entry, by_id)
        for where, entry, wrong in self._doubtful:
            self.problems += [
                problem
                for problem in self._against_others(where, entry, by_id)
                if problem.top_field not in wrong and ("endpoints" not in wrong or problem.field == "provider")
            ]

    def _against_others(
        self, where: str, entry: ModelEntry, by_id: Mapping[str, ModelEntry | None]
    ) -> Iterator[Problem]:
        provider = self.providers.get(entry.provider)
        if provider is not None:
            yield from check_model(where, entry, provider)
        elif entry.provider not in self._tables:
            known = ", ".join(self._tables) or "none"
            problem = f"'{entry.provider}' is not in [providers]: {known}{suggestion(entry.provider, self._tables)}"
            yield Problem(where, "provider", problem)
        yield from check_fallbacks(where, entry, by_id, self._aliases)


def _check_tables(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name in document:
        if name not in _TABLES:
            problem = f"is not a known table; use [providers.<id>] or [[models]]{suggestion(name, _TABLES)}"
            yield Problem(name, "", problem)
    if not isinstance(document.get("providers", {}), dict):
        yield Problem("providers", "", "must be tables: [providers.<id>]")
    if not isinstance(document.get("models", []), list):
        yield Problem("models", "", "must be an array of tables: [[models]]")
    elif not document.get("models"):
        yield Problem("models", "", "is missing; add at least one [[models]]")


def _location(index: int, row: Any) -> str:
    model_id = _id_of(row)
    return f"models[{index}]" if model_id is None else f"models[{index}] {model_id[:MAX_SHOWN]!r}"


def _id_of(row: Any) -> str | None:
    model_id = row.get("id") if isinstance(row, dict) else None
    return model_id if isinstance(model_id, str) else None


def _aliases_of(row: Any) -> list[str]:
    aliases = row.get("aliases") if isinstance(row, dict) else None
    return [alias for alias in aliases if isinstance(alias, str)] if isinstance(aliases, list) else []


def _provider(provider_id: str, entry: ProviderEntry) -> Provider:
    return Provider(
        id=provider_id,
        adapter=entry.adapter,
        base_url=entry.base_url,
        api_key=entry.api_key,
        timeout_seconds=entry.timeout_seconds,
    )


def _model(entry: ModelEntry, provider: Provider, ids: Collection[str]) -> Model:
    upstream = entry.upstream or entry.id
    defaults = spec_of(provider.adapter).defaults_for(upstream, entry.endpoints)
    assert defaults is not None  # noqa: S101 - check_model has refused a model that the adapter lacks
    voices, own_voices_only = _voices(entry, defaults)
    capabilities = defaults.capabilities if entry.capabilities is None else frozenset(entry.capabilities)
    max_seconds = entry.max_seconds or defaults.max_seconds
    return Model(
        id=entry.id,
        aliases=tuple(alias for alias in entry.aliases if alias not in ids),
        provider=provider,
        upstream=upstream,
        endpoints=frozenset(entry.endpoints),
        price=Price(entry.price.usd_per_million_characters, entry.price.usd_per_minute),
        fallbacks=tuple(entry.fallbacks),
        formats=tuple(entry.formats or defaults.formats),
        voices=voices,
        own_voices_only=own_voices_only,
        languages=tuple(entry.languages) if entry.languages else defaults.languages,
        capabilities=capabilities,
        ignore=defaults.ignore if entry.ignore is None else frozenset(entry.ignore),
        response_formats=_response_formats(entry.endpoints, capabilities),
        max_bytes=entry.max_bytes or defaults.max_bytes,
        max_seconds=max_seconds,
        max_characters=entry.max_characters or defaults.max_characters,
        speed_factor=entry.speed_factor or defaults.speed_factor,
        markup_percent=entry.markup_percent,
        rounding_seconds=entry.rounding_seconds,
        minimum_seconds=entry.minimum_seconds,
        chunk_seconds=entry.chunk_seconds or min(CHUNK_SECONDS, max_seconds or CHUNK_SECONDS),
        chunk_concurrency=entry.chunk_concurrency,
        cache=None if entry.cache is None else CacheTerms(**entry.cache.model_dump()),
        created=CREATED,
    )


def _voices(entry: ModelEntry, defaults: Defaults) -> tuple[Mapping[str, str] | None, bool]:
    """The table of voices, and whether it contains all of them."""
    voices = defaults.voices if entry.voices is None else entry.voices
    if voices is None:
        return None, False
    if isinstance(voices, Mapping):
        return MappingProxyType(dict(voices)), False
    return MappingProxyType({name: name for name in voices}), True


def _response_formats(endpoints: Sequence[Endpoint], capabilities: frozenset[Capability]) -> tuple[str, ...]:
    """All speech formats, because the gateway transcodes, and the transcript formats that the capabilities allow."""
    formats: tuple[str, ...] = SPEECH_FORMATS if "speech" in endpoints else ()
    if set(endpoints) == {"speech"}:
        return formats
    formats += ("json", "text")
    if not capabilities.isdisjoint({"words", "segments"}):
        formats += ("srt", "verbose_json", "vtt")
    if "diarization" in capabilities:
        formats += ("diarized_json",)
    return formats
