"""Any server that speaks OpenAI's audio API, and what OpenAI's own models can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from audio_gateway.catalog.adapter_spec import AdapterSpec
from audio_gateway.catalog.defaults import Defaults
from audio_gateway.catalog.models import OPENAI_VOICES, Capability, Endpoint

# Seconds of audio that OpenAI's models process in a second: cautious estimates; only the operator can measure them. A
# low value makes jobs of requests that would have fitted; with a high one, responses miss their deadline.
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

_MODELS: Final[Mapping[str, Defaults]] = {
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
}

_FULL_API: Final[frozenset[Capability]] = frozenset({
    "words", "segments", "prompt", "temperature", "instructions", "speed", "streaming",
})  # fmt: skip


def _any_model(endpoints: Collection[Endpoint]) -> Defaults:
    speed_factor = _SPEECH_SPEED if "speech" in endpoints else _TRANSCRIPTION_SPEED
    return Defaults(speed_factor=speed_factor, capabilities=_FULL_API)


SPEC: Final = AdapterSpec(
    name="openai",
    factory="audio_gateway.providers.openai.adapter:make_adapter",
    models=_MODELS,
    other_models=_any_model,
    needs={"base_url": "for OpenAI it is https://api.openai.com/v1"},
)
