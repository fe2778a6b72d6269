"""What the functions read from their environment: once, when a function starts, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from audio_gateway.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """For the functions that only look things up. `catalog` is the path of the catalogue's TOML file."""

    catalog: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(catalog=_required(env, "AUDIO_GATEWAY_CATALOG"))


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """For the functions that call providers.

    `bucket` takes answers that are too big for Lambda, `table` is where they are metered, and `hold_seconds` is how
    long the price of a request that never ended stays held.
    """

    catalog: str
    bucket: str
    table: str
    hold_seconds: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(
            catalog=_required(env, "AUDIO_GATEWAY_CATALOG"),
            bucket=_required(env, "BUCKET_NAME"),
            table=_required(env, "TABLE_NAME"),
            hold_seconds=_seconds(env, "AUDIO_GATEWAY_HOLD_SECONDS"),
        )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ConfigurationError(f"The environment variable {name} is not set; template.yaml sets it for each function")
    return value


def _seconds(env: Mapping[str, str], name: str) -> int:
    value = _required(env, name)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ConfigurationError(f"The environment variable {name} is '{value}'; it must be a whole number of seconds")
    return int(value)
