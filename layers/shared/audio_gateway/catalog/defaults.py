"""The defaults of models: tables by adapter and by the provider's name of the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.catalog.models import OPENAI_VOICES, AdapterName, Capability, Endpoint

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


# Seconds of audio that OpenAI's models process in a second: cautious estimates; only the operator can measure them. A
# low value makes jobs of requests that would have fitted; with a high one, responses exceed the platform's 29 seconds.
_SPEECH_SPEED: Final = 5.0
_TRANSCRIPTION_SPEED: Final = 20.0

_MAX_BYTES: Final = 26_214_400  # of the whole body (contract section 3.1)
_MAX_SECONDS: Final = 1400.0  # contract section 3.2
_MAX_CHARACTERS: Final = 4096  # contract section 2; only OpenAI can count the 2,000 tokens of gpt-4o-mini-tts

_TTS_1_VOICES: Final = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")

# OpenAI documents that they have no effect on tts-1; some clients send them to every model.
_INSTRUCTIONS: Final[frozenset[Capability]] = frozenset({"instructions"})
_NONE: Final[frozenset[str]] = frozenset()

_TTS_1: Final = Defaults(
    speed_factor=_SPEECH_SPEED,
    capabilities=frozenset({"speed", "streaming"}),
    voices=_TTS_1_VOICES,
    ignore=_INSTRUCTIONS,
    max_characters=_MAX_CHARACTERS,
)
_GPT_TTS: Final = replace(_TTS_1, capabilities=_TTS_1.capabilities | _INSTRUCTIONS, voices=OPENAI_VOICES, ignore=_NONE)

# `ignore` has the options that OpenAI itself accepts without effect (contract section 3.2).
_WHISPER: Final = Defaults(
    speed_factor=_TRANSCRIPTION_SPEED,
    capabilities=frozenset({"words", "segments", "prompt", "temperature"}),
    ignore=frozenset({"languages", "keywords", "chunking_strategy", "stream"}),
    max_bytes=_MAX_BYTES,
)
_GPT_4O: Final = Defaults(
    speed_factor=_TRANSCRIPTION_SPEED,
    capabilities=frozenset({"prompt", "temperature", "streaming", "logprobs"}),
    ignore=frozenset({"languages", "keywords"}),
    max_bytes=_MAX_BYTES,
    max_seconds=_MAX_SECONDS,
)
_GPT_4O_DIARIZE: Final = replace(_GPT_4O, capabilities=frozenset({"diarization", "temperature", "streaming"}))
_GPT_TRANSCRIBE: Final = replace(
    _GPT_4O,
    capabilities=frozenset({"prompt", "temperature", "streaming", "keywords"}),
    ignore=frozenset({"language", "chunking_strategy"}),
    max_seconds=None,
)

OPENAI: Final[Mapping[str, Defaults]] = MappingProxyType({
    "tts-1": _TTS_1,
    "tts-1-1106": _TTS_1,
    "tts-1-hd": _TTS_1,
    "tts-1-hd-1106": _TTS_1,
    "gpt-4o-mini-tts": _GPT_TTS,
    "gpt-4o-mini-tts-2025-12-15": _GPT_TTS,
    "whisper-1": _WHISPER,
    "gpt-4o-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe-2025-12-15": _GPT_4O,
    "gpt-4o-transcribe-diarize": _GPT_4O_DIARIZE,
    "gpt-transcribe": _GPT_TRANSCRIBE,
})  # fmt: skip

_FULL_API: Final[frozenset[Capability]] = frozenset({
    "words", "segments", "prompt", "temperature", "instructions", "speed", "streaming",
})  # fmt: skip

EMBEDDED: Final[Mapping[str, Defaults]] = MappingProxyType({
    "espeak-ng": Defaults(
        speed_factor=50.0,
        capabilities=frozenset({"speed", "streaming"}),
        endpoints=frozenset({"speech"}),
        formats=("pcm",),
        # Accents and variants of eSpeak NG, female where OpenAI's voice sounds female, else male. All differ in pitch,
        # timbre or accent; alloy is in between, onyx the deepest, shimmer the softest.
        voices=MappingProxyType({
            "alloy": "en-us+f4:pitch=20",
            "ash": "en-us+m6:pitch=65",
            "ballad": "en-gb-scotland:pitch=40",
            "coral": "en-us+f3:pitch=65",
            "echo": "en-us:pitch=55",
            "fable": "en-gb+m5:pitch=65",
            "onyx": "en-us+m8:pitch=30",
            "nova": "en-us+f2:pitch=60",
            "sage": "en-us+f5:pitch=35",
            "shimmer": "en-us+f1:pitch=40",
            "verse": "en-us+m7:pitch=75",
            "marin": "en-us+linda:pitch=35",
            "cedar": "en-us+m4:pitch=40",
        }),
        ignore=_INSTRUCTIONS,
    ),
    "pocketsphinx": Defaults(
        speed_factor=2.0,  # half the speed of one processor with clean speech: requests must also fit on a busy one
        capabilities=frozenset({"words", "segments", "streaming"}),
        endpoints=frozenset({"transcriptions", "translations"}),
        languages=("en",),
        ignore=frozenset({"temperature"}),
    ),
})  # fmt: skip


def defaults_for(adapter: AdapterName, upstream: str, endpoints: Collection[Endpoint]) -> Defaults | None:
    """The defaults of a provider's model; None if the adapter has no such model."""
    if adapter == "embedded":
        return EMBEDDED.get(upstream)
    speed_factor = _SPEECH_SPEED if "speech" in endpoints else _TRANSCRIPTION_SPEED
    return OPENAI.get(upstream) or Defaults(speed_factor=speed_factor, capabilities=_FULL_API)
