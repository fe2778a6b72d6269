"""The adapters that a provider may have. Each is a module here, with its `AdapterSpec` in `SPEC`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from audio_gateway.catalog.adapter_spec import AdapterSpec
from audio_gateway.errors import ConfigurationError

ADAPTERS: Final = ("openai", "embedded")
"""The names of all adapters, which are those of their modules."""


@cache
def spec_of(adapter: str) -> AdapterSpec:
    """The spec of the adapter with this name; raises `ConfigurationError` if there is none."""
    if adapter not in ADAPTERS:
        raise ConfigurationError(f"There is no adapter '{adapter}'; the adapters are {', '.join(ADAPTERS)}")
    spec: AdapterSpec = import_module(f"{__name__}.{adapter}").SPEC
    return spec
