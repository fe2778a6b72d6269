"""What the catalogue must know about an adapter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from audio_gateway.catalog.defaults import Defaults
from audio_gateway.catalog.models import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec:
    """An adapter as data. Its code is imported when one of its providers is first used, and never by the catalogue.

    `factory` names it as `module:callable`: it is called with the `Provider` and the provider's API key, which may be
    None, and raises `ConfigurationError`. What it returns satisfies protocols of `providers/port.py`.

    `needs` and `refuses` have fields of `[providers.<id>]`: those without which there is no provider, each with what to
    write, and those that mean nothing here, each with the reason. Each text is the end of a sentence.

    `models` has the defaults of each model that the adapter knows, by the provider's own name of the model.
    `other_models` gives those of any other model that serves these endpoints; if it is None, there are no others.
    `has_engines` says that its models are engines in layers, which a stack may lack. `lists_voices` says that it is a
    `VoiceLister`, and `starts_slowly` that it is a `Starting`.
    """

    name: str
    factory: str
    models: Mapping[str, Defaults]
    other_models: Callable[[Collection[Endpoint]], Defaults] | None = None
    needs: Mapping[str, str] = field(default_factory=dict)
    refuses: Mapping[str, str] = field(default_factory=dict)
    has_engines: bool = False
    lists_voices: bool = False
    starts_slowly: bool = False

    def defaults_for(self, upstream: str, endpoints: Collection[Endpoint]) -> Defaults | None:
        """The defaults of a model, by the provider's name of it; None if the adapter has no such model."""
        known = self.models.get(upstream)
        if known is None and self.other_models is not None:
            return self.other_models(endpoints)
        return known
