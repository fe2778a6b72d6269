"""The place to cut at: in the longest pause near where it is wanted, or where it is quietest."""

from __future__ import annotations

import array
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.silence import FRAME, quietest
from tests.examples import examples
from tests.sound import CLIPS, clip, timed_words, tone


def noise(milliseconds: int, peak: int) -> bytes:
    chance = random.Random(milliseconds * peak)
    return array.array("h", (chance.randint(-peak, peak) for _ in range(milliseconds * 16))).tobytes()


def loud(milliseconds: int) -> bytes:
    return tone(milliseconds / 1000)


@pytest.mark.parametrize("hiss", [0, 20, 300, 1_000])
def test_a_pause_is_found_in_any_room(hiss: int) -> None:
    pcm = loud(900) + noise(200, max(hiss, 1)) + loud(900)
    place = quietest(pcm, 0)
    assert place.silent
    assert 950 <= place.sample / 16 <= 1_050


def test_the_longest_pause_is_taken_and_of_such_the_next() -> None:
    pcm = loud(500) + noise(200, 5) + loud(500) + noise(400, 5) + loud(500) + noise(200, 5) + loud(500)
    assert 1_200 <= quietest(pcm, 0).sample / 16 <= 1_600
    even = loud(500) + noise(300, 5) + loud(500) + noise(300, 5) + loud(500)
    assert quietest(even, 100 * 16).sample / 16 < 800
    assert quietest(even, 2_000 * 16).sample / 16 > 1_300


def test_in_a_long_silence_it_is_where_it_is_wanted() -> None:
    pcm = loud(500) + noise(20_000, 5) + loud(500)
    assert quietest(pcm, 7_000 * 16).sample == 7_000 * 16
    assert 900 <= quietest(pcm, 0).sample / 16 <= 1_100
    assert quietest(bytes(32_000), 0).silent


@pytest.mark.parametrize(
    "pcm",
    [loud(3_000), noise(3_000, 3_000), (loud(250) + noise(60, 5)) * 10],
    ids=["one note", "noise", "words with the gaps inside of words between them"],
)
def test_where_there_is_no_pause_nothing_is_called_one(pcm: bytes) -> None:
    place = quietest(pcm, len(pcm) // 4)
    assert not place.silent
    assert place.sample % FRAME == 0
    assert 0 < place.sample < len(pcm) // 2


def test_without_a_pause_it_is_the_quietest_place() -> None:
    quieter = array.array("h", (value // 2 for value in array.array("h", loud(300)))).tobytes()
    assert 1_050 <= quietest(loud(1_000) + quieter + loud(1_000), 0).sample / 16 <= 1_250


def test_an_offset_of_the_recorder_hides_no_pause() -> None:
    samples = array.array("h", loud(900) + noise(200, 5) + loud(900))
    place = quietest(array.array("h", (value + 4_000 for value in samples)).tobytes(), 0)
    assert place.silent
    assert 950 <= place.sample / 16 <= 1_050


@pytest.mark.parametrize("name", CLIPS)
def test_people_are_not_cut_in_the_middle_of_a_word(name: str) -> None:
    pcm = clip(name)[44:]
    place = quietest(pcm, len(pcm) // 4)
    at = place.sample / 16_000
    # The times of words are those of a recogniser, which gives a pause to the words beside it.
    inside = [word for start, end, word in timed_words(name) if start + 0.06 < at < end - 0.06]
    assert place.silent
    assert not inside


@given(st.binary(min_size=320, max_size=20_000), st.integers(0, 10_000))
@examples(60)
def test_any_sound_has_a_place(pcm: bytes, near: int) -> None:
    pcm = pcm[: len(pcm) // 2 * 2]
    place = quietest(pcm, min(near, len(pcm) // 2))
    assert 0 <= place.sample <= len(pcm) // 2
    assert place.sample % FRAME == 0
