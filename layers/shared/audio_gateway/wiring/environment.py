"""Variables of the environment. The authorizer needs one, and should not wait for all settings."""

from __future__ import annotations

from collections.abc import Mapping

from audio_gateway.errors import ConfigurationError


def required(env: Mapping[str, str], name: str) -> str:
    """The value of a variable that must be set; raises `ConfigurationError`, which names it."""
    value = env.get(name, "")
    if not value:
        raise ConfigurationError(f"The environment variable {name} is not set; template.yaml sets it for each function")
    return value
