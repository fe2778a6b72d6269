"""The values of optional fields that the catalogue leaves out; each adapter has its own for its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.catalog.models import Capability, Endpoint

TIMEOUT_SECONDS: Final = 120.0
CHUNK_SECONDS: Final = 300.0
CHUNK_CONCURRENCY: Final = 10
MAX_CACHE_SECONDS: Final = 30 * 24 * 60 * 60
"""The longest time that the bucket keeps speech (template.yaml)."""
CREATED: Final = 1_767_225_600
"""2026-01-01 in Unix seconds: `created` of every model. OpenAI's model object needs one; the catalogue has none."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The optional fields of a model, with the same meaning as in `Model`.

    `voices` is a list of the provider's own names, a table that maps names to them, or None if every name is passed on.
    `endpoints` has all endpoints that the model can serve; None if only the catalogue knows them.
    """

    speed_factor: float
    capabilities: frozenset[Capability] = frozenset()
    endpoints: frozenset[Endpoint] | None = None
    formats: tuple[SpeechFormat, ...] = SPEECH_FORMATS
    voices: tuple[str, ...] | Mapping[str, str] | None = None
    languages: tuple[str, ...] | None = None
    ignore: frozenset[str] = frozenset()
    max_bytes: int | None = None
    max_seconds: float | None = None
    max_characters: int | None = None
