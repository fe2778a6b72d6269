"""The speech engine pronounces the words that a person would say: compared as phonemes, without stress."""

# ruff: noqa: RUF001 - phonemes

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from audio_gateway.text.spoken_english import spoken_english


@pytest.fixture(scope="module")
def phonemes() -> Callable[[str], str]:
    g2p: Any = pytest.importorskip("hibari.g2p").G2P()

    def without_stress(text: str) -> str:
        return re.sub(r"[^\w]", "", str(g2p(text, normalize_text=False)).replace("ˈ", "").replace("ˌ", ""))

    return without_stress


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("He said no.", "He said know."),  # the engine's own rules read an abbreviation of "number"
        ("the book I read", "the book eye read"),
        ("Look at the Sun.", "Look at the sun."),
        ("It costs $10-$20.", "It costs ten to twenty dollars."),
        ("-$5", "minus five dollars"),
        ("version 2.10.1", "version two point ten point one"),
        ("Dial 911.", "Dial nine one one."),
        ("at 8am", "at eight eh em"),
        ("see https://example.com/a-b", "see example dot calm slash eh dash bee"),
        ("the USA", "the you ess eh"),
        ("A4 paper", "eh four paper"),
        ("he\u200bllo", "hello"),
        ("[hello](/bˈæd/)", "hello"),
        ("Mr. Brown", "mister brown"),
        ("5 m/s", "five meters per second"),
        ("2½ cups", "two and a half cups"),
    ],
)
def test_the_engine_pronounces_what_a_person_says(phonemes: Callable[[str], str], written: str, heard: str) -> None:
    assert phonemes(spoken_english(written)) == phonemes(heard)
