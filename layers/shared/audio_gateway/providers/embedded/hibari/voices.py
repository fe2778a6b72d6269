"""The voices: thirteen speakers made of the model's one, under the names of OpenAI's.

Two voices differ by at least a semitone in pitch, or by 4 % in their formants, or in accent. In other languages a voice
variant of eSpeak NG speaks in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from audio_gateway.providers.port import ProviderVoice

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_RATE: Final = 24_000


@dataclass(frozen=True, slots=True)
class Timbre:
    """A voice, relative to the model's: factors of its pitch and formants, and the exponent of its intonation.

    An `intonation` below 1 is flatter, above 1 livelier.
    """

    pitch: float
    formants: float
    intonation: float = 1.0


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker. `variant` is the end of the name of an eSpeak voice (`+f2:pitch=60`)."""

    gender: str
    timbre: Timbre
    variant: str
    british: bool = False


VOICES: Final[Mapping[str, Voice]] = MappingProxyType({
    "alloy": Voice("neutral", Timbre(0.80, 0.94), "+f4:pitch=20"),
    "ash": Voice("male", Timbre(0.66, 0.85), "+m6:pitch=65"),
    "ballad": Voice("male", Timbre(0.62, 0.88, 1.15), "+m3:pitch=40", british=True),
    "cedar": Voice("male", Timbre(0.56, 0.86, 0.9), "+m4:pitch=40"),
    "coral": Voice("female", Timbre(1.09, 0.98, 1.1), "+f3:pitch=65"),
    "echo": Voice("male", Timbre(0.60, 0.90), ":pitch=55"),
    "fable": Voice("male", Timbre(0.74, 0.91, 1.1), "+m5:pitch=65", british=True),
    "marin": Voice("female", Timbre(0.88, 0.97), "+linda:pitch=35"),
    "nova": Voice("female", Timbre(1.0, 1.0), "+f2:pitch=60"),
    "onyx": Voice("male", Timbre(0.50, 0.83, 0.85), "+m8:pitch=30"),
    "sage": Voice("female", Timbre(0.93, 1.02, 0.85), "+f5:pitch=35"),
    "shimmer": Voice("female", Timbre(1.17, 1.06), "+f1:pitch=40"),
    "verse": Voice("male", Timbre(0.70, 0.88, 1.2), "+m7:pitch=75"),
})  # fmt: skip


def listed() -> tuple[ProviderVoice, ...]:
    """The voices as callers see them."""
    return tuple(_described(name) for name in VOICES)


def described(name: str) -> ProviderVoice | None:
    """The voice with that name, None if there is none. Case is ignored."""
    return _described(name.lower()) if name.lower() in VOICES else None


def _described(name: str) -> ProviderVoice:
    voice = VOICES[name]
    return ProviderVoice(name, name.title(), "en-GB" if voice.british else "en-US", voice.gender)
