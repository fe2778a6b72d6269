"""The words of `tests.tones` are heard as they were said, whole or not at all."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import tones
from tests.examples import examples


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 700)), max_size=12), st.sampled_from([0, 40, 400]))
@examples(60)
def test_words_are_heard_when_they_were_said(said: list[tuple[int, int]], hiss: int) -> None:
    words, at = [], 0
    for number, gap_ms in said:
        words.append(tones.Spoken(number, at + gap_ms))
        at = words[-1].end_ms
    heard = tones.heard(b"".join(tones.sound(words, hiss=hiss)))
    assert [word.number for word in heard] == [word.number for word in words]
    assert all(abs(one.start_ms - other.start_ms) <= 10 for one, other in zip(heard, words, strict=True))


@pytest.mark.parametrize("missing_ms", [30, 100, 230])
def test_half_a_word_is_not_heard(missing_ms: int) -> None:
    pcm = b"".join(tones.sound([tones.Spoken(0x1234, 0)]))
    assert tones.heard(pcm[missing_ms * 32 :]) == []
    assert tones.heard(pcm[: -missing_ms * 32]) == []
    assert [word.text for word in tones.transcript(pcm[: -missing_ms * 32], partial=True).words or ()] in ([], ["ahem"])


def test_noise_and_silence_hold_no_words() -> None:
    assert tones.heard(bytes(320_000)) == []
    assert tones.heard(os.urandom(320_000)) == []


@pytest.mark.slow
def test_words_have_texts_of_their_own() -> None:
    assert len({word.text for word in tones.talk(0x10000)}) == 0x10000
