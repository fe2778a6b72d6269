"""How many bytes speech takes in each format: bounds, for estimates before a file is made or read."""

from __future__ import annotations

from typing import Final

from audio_gateway.audio.formats import SpeechFormat

# Bytes for each second of speech. The least that `encode` makes, measured with many pauses, and the most that it makes
# or that a provider returns in the same format.
_LEAST: Final[dict[SpeechFormat, int]] = {
    "mp3": 16_000, "opus": 5_000, "aac": 7_000, "flac": 12_000, "wav": 48_000, "pcm": 48_000,
}  # fmt: skip
_MOST: Final[dict[SpeechFormat, int]] = {
    "mp3": 20_000, "opus": 16_000, "aac": 16_000, "flac": 49_000, "wav": 48_000, "pcm": 48_000,
}  # fmt: skip


def longest_s(size: int, speech_format: SpeechFormat) -> float:
    """The most seconds of speech that a file of `size` bytes holds if `encode` made it."""
    return size / _LEAST[speech_format]


def most_bytes(seconds: float, speech_format: SpeechFormat) -> float:
    """The most bytes that a file with so many seconds of speech has."""
    return seconds * _MOST[speech_format]
