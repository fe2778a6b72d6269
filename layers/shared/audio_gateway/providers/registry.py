"""Makes the adapter of each provider in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from audio_gateway.catalog.models import Catalog, Provider
from audio_gateway.errors import ConfigurationError, ProviderKeyUnreadable
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
    """Start the embedded speech engine, if the catalogue uses it, without waiting.

    If it cannot start, the request that needs it raises the error.
    """
    for model in catalog.models.values():
        if model.provider.adapter == "embedded" and "speech" in model.endpoints:
            engines = adapter_of(model.provider)
            if isinstance(engines, Starting):
                with suppress(ConfigurationError):
                    engines.start()
            return


def build_provider(provider: Provider, secrets: Callable[[str], str]) -> object:
    """The adapter of a provider; a new one only if its key has changed. Raises as `adapter_of`."""
    try:
        api_key = secrets(provider.api_key) if provider.api_key is not None else None
        known = _built.get(provider)
        if known is not None and known[0] == api_key:
            return known[1]
        adapter = _new(provider, api_key)
    except ConfigurationError as error:
        message = f"The provider '{provider.id}' cannot be used: the operator's key for it cannot be read."
        raise ProviderKeyUnreadable(message, provider=provider.id, reason=error.message) from error
    _built[provider] = (api_key, adapter)
    return adapter


def _new(provider: Provider, api_key: str | None) -> object:
    if provider.adapter == "embedded":
        from audio_gateway.providers.embedded.engines import EmbeddedEngines

        return EmbeddedEngines()
    from audio_gateway.providers.openai import OpenAIAdapter

    if provider.base_url is None:
        raise ConfigurationError(f"providers.{provider.id}.base_url is missing")
    return OpenAIAdapter(
        provider_id=provider.id,
        base_url=provider.base_url,
        api_key=api_key,
        timeout_seconds=provider.timeout_seconds,
    )
