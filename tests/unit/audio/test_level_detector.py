"""Without a model, speech is told from silence, hiss, hum and held notes, however it is cut into pieces."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable

import pytest

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.level_detector import LEVEL_SAMPLE_RATE as RATE
from audio_gateway.audio.level_detector import sounds_like_speech
from tests.sound import clip, tone

CLIPS = ("austen-0870", "austen-0880", "austen-0890")


def heard(name: str) -> bytes:
    return b"".join(decode_pcm(clip(name), RATE))


def louder(pcm: bytes, factor: float) -> bytes:
    return array("h", (int(sample * factor) for sample in array("h", pcm))).tobytes()


def noise(seconds: float, level: int) -> bytes:
    rng = random.Random(7)
    return array("h", (rng.randint(-level, level) for _ in range(int(seconds * RATE)))).tobytes()


def mixed(one: bytes, other: bytes) -> bytes:
    return array("h", (a + b for a, b in zip(array("h", one), array("h", other), strict=True))).tobytes()


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_people_are_heard(name: str, factor: float) -> None:
    assert sounds_like_speech([louder(heard(name), factor)])


@pytest.mark.parametrize("name", CLIPS)
def test_people_are_heard_over_hiss(name: str) -> None:
    speech = heard(name)
    assert sounds_like_speech([mixed(speech, noise(len(speech) / 2 / RATE, 150))])


def test_a_short_sentence_in_a_long_silence_is_heard() -> None:
    assert sounds_like_speech(
        [
            bytes(RATE * 2 * 60),
            heard("austen-0880")[: RATE * 2 * 4],
            bytes(RATE * 2 * 60),
        ]
    )


def test_a_single_word_is_heard() -> None:
    assert sounds_like_speech([heard("austen-0880")[: int(RATE * 2 * 1.5)]])


@pytest.mark.parametrize(
    "sound",
    [
        lambda: b"",
        lambda: bytes(RATE * 2 * 10),
        lambda: noise(10, 3),
        lambda: noise(10, 8000),
        lambda: tone(10, RATE),
        lambda: tone(0.3, RATE),
    ],
    ids=["nothing", "silence", "faint hiss", "loud hiss", "a held note", "a beep"],
)
def test_no_voice_is_heard_where_none_is(sound: Callable[[], bytes]) -> None:
    assert not sounds_like_speech([sound()])


def test_a_click_is_no_speech() -> None:
    assert not sounds_like_speech([bytes(RATE * 2 * 3), tone(0.03, RATE), bytes(RATE * 2 * 3)])


@pytest.mark.parametrize("size", [1, 333, 4096])
def test_how_the_samples_are_cut_changes_nothing(size: int) -> None:
    pcm = heard("austen-0880")[: RATE * 2 * 5]
    assert sounds_like_speech(pcm[at : at + size] for at in range(0, len(pcm), size))
