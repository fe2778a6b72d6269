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
    """For the functions that call providers. `bucket` takes answers that are too big for Lambda."""

    catalog: str
    bucket: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(catalog=_required(env, "AUDIO_GATEWAY_CATALOG"), bucket=_required(env, "BUCKET_NAME"))


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ConfigurationError(f"The environment variable {name} is not set; template.yaml sets it for each function")
    return value
