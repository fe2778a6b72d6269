"""Whether somebody speaks is told by the model, and by the level where the model is missing."""

from __future__ import annotations

import random
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator

import pytest

from audio_gateway.audio import silero
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.voice_activity import has_speech
from audio_gateway.errors import ConfigurationError
from tests.sound import CLIPS, clip, timed_words, tone, wav

RATE = 16_000
PcmAt = Callable[[int], Iterator[bytes]]


def file(pcm: bytes, rate: int = RATE) -> PcmAt:
    """A recording with these samples, as callers of `has_speech` pass it."""
    recording = wav(pcm, rate)
    return lambda sample_rate: decode_pcm(recording, sample_rate)


def samples(name: str) -> bytes:
    return clip(name)[44:]


def louder(pcm: bytes, factor: float) -> bytes:
    return array("h", (int(sample * factor) for sample in array("h", pcm))).tobytes()


def noise(seconds: float, deviation: int) -> bytes:
    dice = random.Random(7)
    return array("h", (int(dice.gauss(0, deviation)) for _ in range(int(seconds * RATE)))).tobytes()


def over(one: bytes, other: bytes) -> bytes:
    return array("h", (a + b for a, b in zip(array("h", one), array("h", other), strict=False))).tobytes()


def beat(seconds: float) -> bytes:
    """A click of noise twice a second: music with a beat has the level of speech."""
    hit = noise(0.1, 6_000)
    return (hit + bytes(RATE - len(hit))) * int(seconds * 2)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ConfigurationError("no layer has the model")

    monkeypatch.setattr(silero, "_session", missing)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("factor", [1.0, 0.25, 0.01])
def test_people_are_heard_however_quiet(name: str, factor: float) -> None:
    assert has_speech(file(louder(samples(name), factor)))


def test_people_are_heard_in_noise_as_loud_as_they_are() -> None:
    speech = samples("austen-0880")
    assert has_speech(file(over(speech, noise(len(speech) / 2 / RATE, 1_500))))


def test_a_single_word_is_heard() -> None:
    start, end, _ = next(word for word in timed_words(CLIPS[0]) if word[1] - word[0] > 0.4)
    word = samples(CLIPS[0])[int(start * RATE) * 2 : int(end * RATE) * 2]
    assert has_speech(file(bytes(RATE) + word + bytes(RATE)))


def test_a_sentence_in_a_long_silence_is_heard() -> None:
    assert has_speech(file(bytes(RATE * 60) + samples("austen-0880") + bytes(RATE * 60)))


@pytest.mark.parametrize(
    "sound",
    [
        lambda: bytes(RATE * 2 * 5),
        lambda: noise(5, 3),
        lambda: noise(5, 5_000),
        lambda: tone(5, RATE),
        lambda: beat(5),
        lambda: b"\x00\x00",
    ],
    ids=["silence", "faint hiss", "loud hiss", "a held note", "a beat", "one sample"],
)
def test_nobody_is_heard_where_nobody_speaks(sound: Callable[[], bytes]) -> None:
    assert not has_speech(file(sound()))


def test_reading_stops_as_soon_as_somebody_is_heard() -> None:
    def pieces(_rate: int) -> Iterator[bytes]:
        yield samples("austen-0880")
        raise AssertionError("read on")

    assert has_speech(pieces)


def test_what_was_heard_in_time_decides() -> None:
    read = list[int]()

    def pieces(_rate: int) -> Iterator[bytes]:
        for number in range(100):
            read.append(number)
            yield bytes(RATE // 5)
        yield samples("austen-0880")

    assert has_speech(pieces)
    read.clear()
    assert not has_speech(pieces, out_of_time=lambda: len(read) == 10)
    assert len(read) == 10


@pytest.mark.usefixtures("no_model")
def test_without_the_model_the_level_decides() -> None:
    asked = list[int]()

    def pcm_at(rate: int) -> Iterator[bytes]:
        asked.append(rate)
        return file(samples("austen-0880"))(rate)

    assert has_speech(pcm_at)
    assert asked == [8_000]
    assert not has_speech(file(louder(samples("austen-0880"), 0.01)))
    assert has_speech(file(beat(5)))


def test_a_function_that_is_not_asked_imports_no_model() -> None:
    code = (
        "import sys, audio_gateway.use_cases.transcription, audio_gateway.audio.cut\n"
        "print({'numpy', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
