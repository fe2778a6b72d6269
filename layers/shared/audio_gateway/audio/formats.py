"""The formats of speech responses."""

from __future__ import annotations

from typing import Final, Literal, get_args

SpeechFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
SPEECH_FORMATS: Final[tuple[SpeechFormat, ...]] = get_args(SpeechFormat)

SPEECH_SAMPLE_RATE: Final = 24_000
"""Sample rate in hertz of every speech response; all are mono."""

CONTENT_TYPES: Final[dict[SpeechFormat, str]] = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
