"""The schema of the catalogue's TOML file: its tables and fields, with their types. Everything else is refused.

Types are strict: a number is not a string, and prices are strings.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.catalog import defaults
from audio_gateway.catalog.adapters import ADAPTERS
from audio_gateway.catalog.models import Capability, Endpoint
from audio_gateway.catalog.prices import parse_percent, parse_share, parse_usd
from audio_gateway.catalog.problems import MAX_SHOWN, suggestion
from audio_gateway.transcripts.languages import is_language_code

# The request fields that can be accepted without effect.
IgnorableOption = Literal[
    "temperature", "prompt", "language", "languages", "keywords", "instructions", "speed", "stream",
    "chunking_strategy", "known_speaker_names", "known_speaker_references", "include", "timestamp_granularities",
]  # fmt: skip

_MAX_ID_LENGTH: Final = 200
_ID: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
_KEY_REFERENCE: Final = re.compile(
    r"env:[A-Za-z_][A-Za-z0-9_]*|ssm:[A-Za-z0-9/_.:-]+|secret:[A-Za-z0-9/_+=.@:!-]+(#[!-~]+)?"
)
_LOOKS_LIKE_A_KEY: Final = re.compile(r"[a-z]+:(sk|gsk|xai|hf|Bearer)[-_]")


def _identifier(value: str) -> str:
    # Ids are sent in headers and in URLs.
    if len(value) > _MAX_ID_LENGTH or not _ID.fullmatch(value):
        raise ValueError(
            f"{value[:MAX_SHOWN]!r} is not 1 to {_MAX_ID_LENGTH} printable ASCII characters without space at either end"
        )
    return value


def _adapter(value: str) -> str:
    if value not in ADAPTERS:
        allowed = " or ".join(map(repr, ADAPTERS))
        raise ValueError(f"{value[:MAX_SHOWN]!r} is not allowed; use {allowed}{suggestion(value, ADAPTERS)}")
    return value


def _base_url(value: str) -> str:
    # The part before an @ may be a password, and is not shown.
    try:
        url = urlsplit(value)
        valid = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        valid = False
    if not valid or not value.isascii() or not value.isprintable() or " " in value:
        shown = "" if "@" in value else f"{value!r} "
        raise ValueError(f"{shown}is not an http or https URL such as https://api.openai.com/v1")
    if url.username is not None or url.password is not None:
        raise ValueError("must not contain a user name or a password; use api_key")
    if "?" in value or "#" in value:
        raise ValueError("must not have a query or a fragment")
    return value.rstrip("/")


def _key_reference(value: str) -> str:
    # The value is never shown: it may be the key.
    if not _KEY_REFERENCE.fullmatch(value) or _LOOKS_LIKE_A_KEY.match(value):
        raise ValueError("must refer to the key, and not be the key itself: env:NAME, ssm:/name or secret:name[#key]")
    return value


def _language(value: str) -> str:
    if not is_language_code(value):
        raise ValueError(f"{value[:MAX_SHOWN]!r} is not an ISO 639-1 code such as 'en'")
    return value


def _voices(value: object) -> dict[str, str] | list[str]:
    if isinstance(value, dict) and all(_is_name(k) and _is_name(v) for k, v in value.items()):
        return value
    if isinstance(value, list) and value and all(_is_name(name) for name in value):
        return value
    raise ValueError(
        'must be a table such as { alloy = "en-us+f2" }, or a list of the provider\'s own names such as ["anna"]'
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _whole_milliseconds(value: float) -> float:
    if round(value, 3) != value:
        raise ValueError(f"is {value}: not a whole number of milliseconds")
    return value


_Identifier = Annotated[str, AfterValidator(_identifier)]
_PositiveInt = Annotated[int, Field(gt=0)]
_PositiveSeconds = Annotated[float, Field(gt=0)]
_BillingSeconds = Annotated[float, Field(ge=0), AfterValidator(_whole_milliseconds)]
_Usd = Annotated[int, PlainValidator(parse_usd)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ProviderEntry(_Entry):
    """`[providers.<id>]`."""

    adapter: Annotated[str, AfterValidator(_adapter)]
    base_url: Annotated[str, AfterValidator(_base_url)] | None = None
    api_key: Annotated[str, AfterValidator(_key_reference)] | None = None
    timeout_seconds: _PositiveSeconds = defaults.TIMEOUT_SECONDS


class PriceEntry(_Entry):
    """`price`: in dollars in the file, in micro-dollars here."""

    usd_per_million_characters: _Usd | None = None
    usd_per_minute: _Usd | None = None


class CacheEntry(_Entry):
    """`cache`: how speech may be reused."""

    seconds: Annotated[int, Field(gt=0, le=defaults.MAX_CACHE_SECONDS)]
    price_percent: Annotated[str, PlainValidator(parse_share)]
    shared: bool = False


class ModelEntry(_Entry):
    """`[[models]]`. A field that is None is not in the file, and gets the adapter's default."""

    id: _Identifier
    aliases: list[_Identifier] = []
    provider: str
    upstream: _Identifier | None = None
    endpoints: Annotated[list[Endpoint], Field(min_length=1)]
    price: PriceEntry
    fallbacks: list[str] = []
    formats: Annotated[list[SpeechFormat], Field(min_length=1)] | None = None
    voices: Annotated[dict[str, str] | list[str], PlainValidator(_voices)] | None = None
    languages: Annotated[list[Annotated[str, AfterValidator(_language)]], Field(min_length=1)] | None = None
    capabilities: list[Capability] | None = None
    ignore: list[IgnorableOption] | None = None
    max_bytes: _PositiveInt | None = None
    max_seconds: _PositiveSeconds | None = None
    max_characters: _PositiveInt | None = None
    speed_factor: Annotated[float, Field(gt=0)] | None = None
    markup_percent: Annotated[str, PlainValidator(parse_percent)] = "0"
    rounding_seconds: _BillingSeconds = 0.0
    minimum_seconds: _BillingSeconds = 0.0
    chunk_seconds: _PositiveSeconds | None = None
    chunk_concurrency: _PositiveInt = defaults.CHUNK_CONCURRENCY
    cache: CacheEntry | None = None
