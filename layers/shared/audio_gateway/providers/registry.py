"""Makes the adapter of each provider in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.models import Catalog, Provider
from audio_gateway.errors import ConfigurationError, ProviderError, ProviderKeyUnreadable
from audio_gateway.providers.port import Starting
from audio_gateway.providers.secrets import Secrets

_secrets = Secrets()
_built: dict[Provider, tuple[str | None, object]] = {}


def adapter_of(provider: Provider) -> object:
    """The adapter of a provider, one per process, with the key that the catalogue refers to.

    Raises:
        ProviderKeyUnreadable: the key is missing, may not be read, or is not valid.
    """
    return build_provider(provider, _secrets)


def start_engines(catalog: Catalog) -> None:
    """Start the engines of the speech models that take a while to start.

    If one cannot start, the request that needs it raises the error.
    """
    speaking: dict[Provider, list[str]] = {}
    for model in catalog.models.values():
        if "speech" in model.endpoints:
            speaking.setdefault(model.provider, []).append(model.upstream)
    for provider, models in speaking.items():
        if spec_of(provider.adapter).starts_slowly:
            with suppress(ConfigurationError, ProviderError):
                engines = adapter_of(provider)
                if isinstance(engines, Starting):
                    engines.start(models)


def build_provider(provider: Provider, secrets: Callable[[str], str]) -> object:
    """The adapter of a provider; a new one only if its key has changed. Raises as `adapter_of`."""
    factory = spec_of(provider.adapter).factory
    try:
        api_key = secrets(provider.api_key) if provider.api_key is not None else None
        known = _built.get(provider)
        if known is not None and known[0] == api_key:
            return known[1]
        adapter = _made(factory, provider, api_key)
    except ConfigurationError as error:
        message = f"The provider '{provider.id}' cannot be used: the operator's key for it cannot be read."
        raise ProviderKeyUnreadable(message, provider=provider.id, reason=error.message) from error
    _built[provider] = (api_key, adapter)
    return adapter


def _made(factory: str, provider: Provider, api_key: str | None) -> object:
    module, _, name = factory.partition(":")
    adapter: object = getattr(import_module(module), name)(provider, api_key)
    return adapter
