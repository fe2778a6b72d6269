"""Whether decoded text can be what was said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.whisper.attempt import Attempt, without_loop
from tests.examples import examples

SENTENCE = "He was not an ill disposed young man, unless to be rather cold hearted is to be ill disposed."
GOOD = Attempt(
    SENTENCE,
    (1, 2),
    complete=True,
    beyond=False,
    audio_ms=5_000,
    temperature=0.0,
    avg_logprob=-0.2,
    no_speech_prob=0.01,
)
LOOP = "much there might be, for example, much there might be, for example, much there might"


def test_likely_text_is_plausible_speech() -> None:
    assert GOOD.plausible
    assert not GOOD.silent
    assert 1 < GOOD.compression_ratio < 2


@pytest.mark.parametrize(
    "doubtful",
    [
        replace(GOOD, text="Thank you. " * 20),
        replace(GOOD, avg_logprob=-1.1),
        replace(GOOD, complete=False),
        replace(GOOD, beyond=True),
        replace(GOOD, text=LOOP, audio_ms=1_150),
        replace(GOOD, tokens=(1, 2, 3, 2, 3, 2, 3)),
    ],
    ids=["loop", "guess", "cut off", "beyond the end", "too much for the time", "short loop"],
)
def test_what_no_speaker_says_is_not_plausible(doubtful: Attempt) -> None:
    assert not doubtful.plausible
    assert not doubtful.silent
    assert doubtful.rank < GOOD.rank


def test_a_guess_at_what_is_no_speech_is_silence() -> None:
    assert replace(GOOD, no_speech_prob=0.7, avg_logprob=-1.1).silent
    assert not replace(GOOD, no_speech_prob=0.7).silent


@pytest.mark.parametrize("text", ["", ".", "♪♪♪", "- ... !"])
def test_text_without_letters_is_silence(text: str) -> None:
    assert replace(GOOD, text=text).silent


def test_a_guess_that_is_too_long_for_its_audio_is_silence() -> None:
    assert replace(GOOD, audio_ms=470, avg_logprob=-1.1).silent
    assert not replace(GOOD, audio_ms=470).silent


@pytest.mark.parametrize(
    ("text", "audio_ms"),
    [
        ("Yes.", 100),
        ("It was the best of times, it was the worst of times, it was the age of wisdom.", 2_400),
        ("आज मौसम बहुत अच्छा है और हम बाज़ार जा रहे हैं", 1_500),
        ("วันนี้อากาศดีมากและเรากำลังจะไปตลาด", 1_200),
        ("今天天气非常好我们要去市场买东西", 1_500),
    ],
)
def test_fast_speech_has_room_in_every_script(text: str, audio_ms: int) -> None:
    assert not replace(GOOD, text=text, audio_ms=audio_ms).crowded


def test_the_compression_ratio_is_of_bytes() -> None:
    assert replace(GOOD, text="").compression_ratio == 0
    assert replace(GOOD, text="日本語" * 40).compression_ratio > 2.4


def test_of_a_loop_one_turn_is_kept() -> None:
    assert without_loop([1, 2, 3, 4, 3, 4, 3, 4]) == (1, 2, 3, 4)
    assert without_loop([1, 2, 3, 4, 3, 4, 3, 4, 3]) == (1, 2, 3, 4)
    assert without_loop([5, 5, 5]) == (5,)
    assert without_loop([1, 5, 5]) == (1, 5, 5)
    assert without_loop([]) == ()


@given(
    before=st.lists(st.integers(0, 3), max_size=6),
    turn=st.lists(st.integers(4, 6), min_size=1, max_size=4),
    times=st.integers(3, 9),
)
@examples(200)
def test_what_is_left_of_a_loop_begins_as_the_text_and_does_not_loop(
    before: list[int], turn: list[int], times: int
) -> None:
    tokens = before + turn * times
    kept = without_loop(tokens)
    assert list(kept) == tokens[: len(kept)]
    assert len(before) < len(kept) <= len(before) + len(turn)
    assert without_loop(kept) == kept
