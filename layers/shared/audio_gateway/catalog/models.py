"""The loaded catalogue: checked, with all defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.errors import UnknownModel

Endpoint = Literal["speech", "transcriptions", "translations"]
ENDPOINTS: Final[tuple[Endpoint, ...]] = get_args(Endpoint)

OPENAI_VOICES: Final = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip
"""The voice names in OpenAI's SDKs (contract section 2)."""

Capability = Literal[
    "words", "segments", "diarization", "prompt", "temperature", "keywords", "instructions", "speed", "streaming",
    "logprobs",
]  # fmt: skip
CAPABILITIES: Final[tuple[Capability, ...]] = get_args(Capability)
"""What a model can do. `streaming`: its answer comes while the rest is still being made, words or sound."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A model provider, as configured in the catalogue.

    `adapter` is the name of its `AdapterSpec`. `api_key` is a reference (`env:`, `ssm:`, `secret:`), never the key
    itself.
    """

    id: str
    adapter: str
    base_url: str | None
    api_key: str | None
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a model, in the unit of its endpoints; the other one is None.

    Integer micro-dollars per million characters, and per minute of audio: the catalogue's decimal dollars times a
    million. Loading refuses a price that is not a whole number of micro-dollars.
    """

    microusd_per_million_characters: int | None
    microusd_per_minute: int | None


@dataclass(frozen=True, slots=True)
class CacheTerms:
    """How long speech of a model may be reused, and the decimal percentage of its price that is charged then.

    `shared` says that projects may get each other's speech; otherwise each gets only its own.
    """

    seconds: int
    price_percent: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the catalogue. Sizes are bytes, times seconds as in the catalogue, None means no limit.

    `aliases` are other names for it; none is the id of another model.
    `voices` maps the names that callers use to the provider's own; None means that names are passed on unchanged.
    `own_voices_only` says that `voices` is a list of the provider's own names, so any other name is unknown.
    `speed_factor` is how many seconds of audio the model processes in a second. `cache` is None if speech is never
    cached.
    """

    id: str
    aliases: tuple[str, ...]
    provider: Provider
    upstream: str
    endpoints: frozenset[Endpoint]
    price: Price
    fallbacks: tuple[str, ...]
    formats: tuple[SpeechFormat, ...]
    voices: Mapping[str, str] | None
    own_voices_only: bool
    languages: tuple[str, ...] | None
    capabilities: frozenset[Capability]
    ignore: frozenset[str]
    response_formats: tuple[str, ...]
    max_bytes: int | None
    max_seconds: float | None
    max_characters: int | None
    speed_factor: float
    markup_percent: str
    rounding_seconds: float
    minimum_seconds: float
    chunk_seconds: float
    chunk_concurrency: int
    cache: CacheTerms | None
    created: int

    @property
    def names(self) -> tuple[str, ...]:
        """All names that a request may use for it, the id first."""
        return (self.id, *self.aliases)


@dataclass(frozen=True, slots=True)
class MissingModel:
    """A model of the file that this stack cannot serve, and the reason, for the operator."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models by id, in the order of the file, and those that are left out because the stack cannot serve them."""

    models: Mapping[str, Model]
    missing: tuple[MissingModel, ...] = ()

    def find(self, name: str) -> Model | None:
        """The model with this id or alias."""
        return self.models.get(name) or next((m for m in self.models.values() if name in m.aliases), None)

    def names(self) -> tuple[str, ...]:
        """All names that a request may use: each id, followed by its aliases."""
        return tuple(name for m in self.models.values() for name in m.names)

    def model_for(self, name: str, endpoint: Endpoint) -> Model:
        """The model with this id or alias; raises `UnknownModel` if there is none, or it does not serve `endpoint`."""
        model = self.find(name)
        if model is not None and endpoint in model.endpoints:
            return model
        able = ", ".join(self.able(endpoint)) or "none"
        if model is None:
            from audio_gateway.catalog.problems import suggestion

            names = [other for m in self.models.values() if endpoint in m.endpoints for other in m.names]
            message = (
                f"The model '{name[:200]}' does not exist or you do not have access to it. "
                f"Models for {endpoint}: {able}{suggestion(name[:200], names) or '.'}"
            )
            raise UnknownModel(message, param="model")
        served = ", ".join(sorted(model.endpoints))
        message = f"The model '{name}' serves {served}, not {endpoint}. Models for {endpoint}: {able}."
        raise UnknownModel(message, param="model")

    def able(self, endpoint: Endpoint, capability: Capability | None = None) -> tuple[str, ...]:
        """Ids of the models that serve `endpoint`, and have `capability` if one is given."""
        return tuple(
            m.id
            for m in self.models.values()
            if endpoint in m.endpoints and (capability is None or capability in m.capabilities)
        )
