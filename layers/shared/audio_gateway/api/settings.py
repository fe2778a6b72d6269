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
class TableSettings:
    """For the functions that work on the table alone."""

    table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(table=_required(env, "TABLE_NAME"))


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


@dataclass(frozen=True, slots=True)
class UsageSettings:
    """For the function that reports. `table` has accounts and books, `bucket` takes exports too big for Lambda."""

    table: str
    bucket: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(table=_required(env, "TABLE_NAME"), bucket=_required(env, "BUCKET_NAME"))


@dataclass(frozen=True, slots=True)
class SweeperSettings:
    """For the sweeper. `bucket` has the evidence of answers that were not settled; it comes each `sweep_seconds`."""

    table: str
    bucket: str
    hold_seconds: int
    sweep_seconds: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(
            table=_required(env, "TABLE_NAME"),
            bucket=_required(env, "BUCKET_NAME"),
            hold_seconds=_seconds(env, "AUDIO_GATEWAY_HOLD_SECONDS"),
            sweep_seconds=_seconds(env, "AUDIO_GATEWAY_SWEEP_SECONDS"),
        )


@dataclass(frozen=True, slots=True)
class RollupSettings:
    """For the roll-up, which has to know how late a row may be written."""

    table: str
    hold_seconds: int
    sweep_seconds: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(
            table=_required(env, "TABLE_NAME"),
            hold_seconds=_seconds(env, "AUDIO_GATEWAY_HOLD_SECONDS"),
            sweep_seconds=_seconds(env, "AUDIO_GATEWAY_SWEEP_SECONDS"),
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
