"""The catalogue as the rest of the gateway sees it: loaded, checked, defaults filled in."""

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
"""The names that OpenAI's SDKs know (contract section 2)."""

Capability = Literal[
    "words", "segments", "diarization", "prompt", "temperature", "keywords", "instructions", "speed", "streaming",
    "logprobs",
]  # fmt: skip
CAPABILITIES: Final[tuple[Capability, ...]] = get_args(Capability)

AdapterName = Literal["openai", "embedded"]
ADAPTERS: Final[tuple[AdapterName, ...]] = get_args(AdapterName)


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who serves models. `api_key` is a reference (`env:`, `ssm:`, `secret:`), never the key itself."""

    id: str
    adapter: AdapterName
    base_url: str | None
    api_key: str | None
    timeout_seconds: float

    @property
    def lists_voices(self) -> bool:
        """Whether its adapter knows all of its voices by itself: without a call, and so without a key."""
        return self.adapter == "embedded"


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in the unit that its endpoints are measured in; the other one is None.

    Micro-dollars are integers: per million characters, and per minute of audio. They are the catalogue's decimal
    dollars times a million; a figure that is no whole number of micro-dollars is refused when the catalogue is loaded.
    """

    microusd_per_million_characters: int | None
    microusd_per_minute: int | None


@dataclass(frozen=True, slots=True)
class CacheTerms:
    """How long speech of a model may be given again, and the decimal percent of its price that this costs.

    `shared` says that all projects are given each other's; otherwise a project is given its own.
    """

    seconds: int
    price_percent: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the catalogue. Sizes are bytes, times seconds as in the catalogue, None means no limit.

    `voices` maps a name that callers use to the provider's own; None means that names are passed on as they are.
    `own_voices_only` says that `voices` is a list of the provider's own names, so that any other name is unknown.
    `speed_factor` is how many seconds of audio the model handles in a second. `cache` is None for speech that is made
    anew each time.
    """

    id: str
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


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models by id, in the order of the file."""

    models: Mapping[str, Model]

    def model_for(self, model_id: str, endpoint: Endpoint) -> Model:
        """The model that serves `endpoint`; raises `UnknownModel`, naming those that do."""
        model = self.models.get(model_id)
        if model is not None and endpoint in model.endpoints:
            return model
        able = ", ".join(self.able(endpoint)) or "none"
        if model is None:
            message = (
                f"The model '{model_id[:200]}' does not exist or you do not have access to it. "
                f"Models for {endpoint}: {able}."
            )
            raise UnknownModel(message, param="model")
        served = ", ".join(sorted(model.endpoints))
        message = f"The model '{model_id}' serves {served}, not {endpoint}. Models for {endpoint}: {able}."
        raise UnknownModel(message, param="model")

    def able(self, endpoint: Endpoint, capability: Capability | None = None) -> tuple[str, ...]:
        """Ids of the models that serve `endpoint`, and have `capability` where one is named."""
        return tuple(
            m.id
            for m in self.models.values()
            if endpoint in m.endpoints and (capability is None or capability in m.capabilities)
        )
