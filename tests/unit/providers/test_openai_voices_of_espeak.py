"""The voices that stand for OpenAI's: they must be told apart by ear. Measured: pitch, and how bright the sound is."""

from __future__ import annotations

import array
import itertools
import math
from dataclasses import dataclass
from functools import cache

import pytest

from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.models import OPENAI_VOICES
from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech
from audio_gateway.providers.port import SynthesisCall

pytestmark = pytest.mark.slow

TABLE: dict[str, str] = dict(spec_of("embedded").models["espeak-ng"].voices or {})  # type: ignore[arg-type] # a table, not a list
RATE = 22_050
EVERY = 4  # samples of which one is enough to find a pitch, and frames of which one is
TEXT = "The quick brown fox jumps over the lazy dog."


@dataclass(frozen=True)
class Sound:
    hertz: float
    brightness: float
    language: str


@cache
def measured(name: str) -> Sound:
    voice = TABLE[name]
    chunks = EspeakSpeech().synthesize(SynthesisCall("espeak-ng", TEXT, voice, "pcm", Deadline.after(30)))
    samples = array.array("h", b"".join(chunk.data for chunk in chunks))
    return Sound(pitch(samples), brightness(samples), voice.partition("+")[0].partition(":")[0])


def brightness(samples: array.array[int]) -> float:
    """The strength of the differences between neighbours over that of the samples: more treble, more of it."""
    differences = sum((b - a) ** 2 for a, b in itertools.pairwise(samples))
    return math.sqrt(differences / sum(value**2 for value in samples))


def pitch(samples: array.array[int]) -> float:
    """The median, over the voiced frames, of the lag at which a frame is most like itself."""
    thin = samples[::EVERY]
    rate = RATE / EVERY
    size = int(rate * 0.04)
    found = []
    for at in range(0, len(thin) - 2 * size, EVERY * size):
        frame = thin[at : at + 2 * size]
        alike = {lateness: likeness(frame, lateness, size) for lateness in range(int(rate / 400), int(rate / 55))}
        best = max(alike.values())
        if best > 0.7:
            # The first lag that is nearly as good as the best one: its multiples are as good.
            found.append(rate / next(lateness for lateness, value in alike.items() if value > best - 0.05))
    return sorted(found)[len(found) // 2]


def likeness(frame: array.array[int], lateness: int, size: int) -> float:
    here, there = frame[:size], frame[lateness : lateness + size]
    strength = math.sqrt(sum(a * a for a in here) * sum(b * b for b in there))
    return sum(a * b for a, b in zip(here, there, strict=False)) / strength if strength > size * 200**2 else 0.0


def test_every_voice_of_openai_has_one() -> None:
    assert set(TABLE) == set(OPENAI_VOICES)
    assert all(EspeakSpeech().find_voice(voice) for voice in TABLE.values())


@pytest.mark.parametrize("pair", list(itertools.combinations(sorted(OPENAI_VOICES), 2)), ids="-".join)
def test_any_two_voices_differ_in_pitch_or_in_colour_or_in_accent(pair: tuple[str, str]) -> None:
    one, other = measured(pair[0]), measured(pair[1])
    semitones = abs(12 * math.log2(one.hertz / other.hertz))
    colours = max(one.brightness, other.brightness) / min(one.brightness, other.brightness)
    assert semitones > 1.2 or colours > 1.1 or one.language != other.language


def test_onyx_is_the_deepest() -> None:
    assert min(TABLE, key=lambda name: measured(name).hertz) == "onyx"
    assert measured("onyx").hertz < 0.8 * measured("echo").hertz


@pytest.mark.parametrize("name", ["nova", "shimmer", "coral"])
def test_women_are_higher_than_men(name: str) -> None:
    assert measured(name).hertz > 1.3 * measured("echo").hertz


def test_shimmer_is_softer_than_nova() -> None:
    assert measured("shimmer").hertz < 0.9 * measured("nova").hertz


def test_alloy_is_between_the_sexes() -> None:
    assert 120 < measured("alloy").hertz < 165


def test_fable_is_british() -> None:
    assert measured("fable").language.startswith("en-gb")
