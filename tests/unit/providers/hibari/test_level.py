"""Every piece of speech comes out equally loud."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.hibari.level import levelled
from tests.examples import examples

RATE = 24_000
LOWEST, HIGHEST = 10 ** (-3 / 20), 10 ** (-1 / 20)


def syllables(peak: float, seed: int, count: int = 12) -> np.ndarray:
    """Bursts of 200 ms of a buzzing tone, of different loudness, with silence between them; the loudest has `peak`."""
    dice = np.random.default_rng(seed)
    time = np.arange(RATE // 5) / RATE
    made = []
    for _ in range(count):
        tone = sum(np.sin(2 * np.pi * h * dice.uniform(90, 220) * time) / h for h in range(1, 12))
        made += [tone * np.hanning(len(time)) * dice.uniform(0.3, 1), np.zeros(RATE // 20)]
    sound = np.concatenate(made).astype(np.float32)
    return sound * np.float32(peak / np.abs(sound).max())


@examples(30)
@given(st.floats(0.001, 8), st.integers(0, 1000))
def test_the_peak_is_between_3_and_1_db_below_full_scale(peak: float, seed: int) -> None:
    assert LOWEST <= np.abs(levelled(syllables(peak, seed))).max() <= HIGHEST


def test_the_level_does_not_depend_on_how_loud_it_was() -> None:
    quiet, loud = levelled(syllables(0.01, 1)), levelled(syllables(0.9, 1))
    assert quiet == pytest.approx(loud, abs=1e-3)


def test_it_begins_and_ends_in_silence_without_a_click() -> None:
    even = levelled(np.ones(RATE, np.float32))
    assert even[0] == even[-1] == 0
    assert np.abs(np.diff(even)).max() < 0.02


@pytest.mark.parametrize("length", [0, 1, 2, 95, 96, 97, 5000])
def test_any_length_stays_and_silence_stays_silent(length: int) -> None:
    assert not levelled(np.zeros(length, np.float32)).any()
    assert len(levelled(np.full(length, 0.5, np.float32))) == length


def test_a_single_loud_peak_does_not_make_the_rest_quiet() -> None:
    sound = syllables(0.3, 2)
    usual = np.sqrt(np.mean(levelled(sound) ** 2))
    sound[RATE // 10] = 0.6
    assert np.sqrt(np.mean(levelled(sound) ** 2)) > 0.7 * usual
