"""The place to cut at: in the longest pause near where it is wanted, or where it is quietest."""

from __future__ import annotations

import array
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio import silence
from audio_gateway.audio.silence import FRAME, best_cut
from audio_gateway.audio.silero import WINDOW_MS
from audio_gateway.errors import ConfigurationError
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
    place = best_cut(pcm, 0)
    assert place.silent
    assert 950 <= place.sample / 16 <= 1_050


def test_the_longest_pause_is_taken_and_of_such_the_next() -> None:
    pcm = loud(500) + noise(200, 5) + loud(500) + noise(400, 5) + loud(500) + noise(200, 5) + loud(500)
    assert 1_200 <= best_cut(pcm, 0).sample / 16 <= 1_600
    even = loud(500) + noise(300, 5) + loud(500) + noise(300, 5) + loud(500)
    assert best_cut(even, 100 * 16).sample / 16 < 800
    assert best_cut(even, 2_000 * 16).sample / 16 > 1_300


def test_in_a_long_silence_it_is_where_it_is_wanted() -> None:
    pcm = loud(500) + noise(20_000, 5) + loud(500)
    assert best_cut(pcm, 7_000 * 16).sample == 7_000 * 16
    assert 900 <= best_cut(pcm, 0).sample / 16 <= 1_100
    assert best_cut(bytes(32_000), 0).silent


@pytest.mark.parametrize(
    "pcm",
    [loud(3_000), noise(3_000, 3_000), (loud(250) + noise(60, 5)) * 10],
    ids=["one note", "noise", "words with the gaps inside of words between them"],
)
def test_where_there_is_no_pause_nothing_is_called_one(pcm: bytes) -> None:
    place = best_cut(pcm, len(pcm) // 4)
    assert not place.silent
    assert place.sample % FRAME == 0
    assert 0 < place.sample < len(pcm) // 2


def test_without_a_pause_it_is_the_quietest_place() -> None:
    quieter = array.array("h", (value // 2 for value in array.array("h", loud(300)))).tobytes()
    assert 1_050 <= best_cut(loud(1_000) + quieter + loud(1_000), 0).sample / 16 <= 1_250


def heard_by_the_model(monkeypatch: pytest.MonkeyPatch, *stretches: tuple[int, float]) -> None:
    """From now on the model hears speech with these probabilities, each for so many milliseconds."""
    windows = [probability for milliseconds, probability in stretches for _ in range(-(-milliseconds // WINDOW_MS))]
    monkeypatch.setattr(silence, "speech_probabilities", lambda _pcm: iter(windows))


def test_without_a_pause_it_is_where_nobody_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    heard_by_the_model(monkeypatch, (1_000, 1.0), (500, 0.0), (1_500, 1.0))
    place = best_cut(noise(3_000, 3_000), 0)
    assert not place.silent
    assert 1_050 <= place.sample / 16 <= 1_450


def test_a_pause_between_words_counts_although_the_model_is_sure_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    heard_by_the_model(monkeypatch, (2_400, 1.0))
    assert 1_000 <= best_cut(loud(1_000) + noise(80, 5) + loud(1_300), 0).sample / 16 <= 1_080


def test_where_the_model_hears_nobody_it_is_the_next_of_equally_quiet_places(monkeypatch: pytest.MonkeyPatch) -> None:
    heard_by_the_model(monkeypatch, (3_000, 0.04))
    assert best_cut(loud(3_000), 1_700 * 16).sample == 1_700 * 16


def test_a_pause_is_one_whatever_the_model_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    heard_by_the_model(monkeypatch, (500, 0.0), (2_500, 1.0))
    place = best_cut(loud(900) + noise(200, 5) + loud(900), 0)
    assert place.silent
    assert 950 <= place.sample / 16 <= 1_050


def test_without_a_model_it_is_the_quietest_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_pcm: object) -> None:
        raise ConfigurationError("no layer has the model")

    monkeypatch.setattr(silence, "speech_probabilities", missing)
    test_without_a_pause_it_is_the_quietest_place()


def test_over_loud_noise_the_model_finds_where_nobody_speaks() -> None:
    speech = array.array("h", clip("austen-0890")[44:])
    gap = array.array("h", bytes(300 * 32))
    before, after = speech[16 * 300 : 16 * 1_740], speech[16 * 1_740 : 16 * 3_540]  # where a word ends
    loudness = math.sqrt(sum(value * value for value in speech) / len(speech))
    dice = random.Random(11)
    noisy = array.array("h", (value + int(dice.gauss(0, loudness)) for value in before + gap + after))
    place = best_cut(noisy.tobytes(), 0)
    assert not place.silent
    assert 1_440 <= place.sample / 16 <= 1_740


def test_an_offset_of_the_recorder_hides_no_pause() -> None:
    samples = array.array("h", loud(900) + noise(200, 5) + loud(900))
    place = best_cut(array.array("h", (value + 4_000 for value in samples)).tobytes(), 0)
    assert place.silent
    assert 950 <= place.sample / 16 <= 1_050


@pytest.mark.parametrize("name", CLIPS)
def test_people_are_not_cut_in_the_middle_of_a_word(name: str) -> None:
    pcm = clip(name)[44:]
    place = best_cut(pcm, len(pcm) // 4)
    at = place.sample / 16_000
    # The times of words are those of a recogniser, which gives a pause to the words beside it.
    inside = [word for start, end, word in timed_words(name) if start + 0.06 < at < end - 0.06]
    assert place.silent
    assert not inside


@given(st.binary(min_size=320, max_size=20_000), st.integers(0, 10_000))
@examples(60)
def test_any_sound_has_a_place(pcm: bytes, near: int) -> None:
    pcm = pcm[: len(pcm) // 2 * 2]
    place = best_cut(pcm, min(near, len(pcm) // 2))
    assert 0 <= place.sample <= len(pcm) // 2
    assert place.sample % FRAME == 0
