"""Words leave the ends of a text with their punctuation, and nothing else does."""

# ruff: noqa: RUF001 - punctuation of other scripts is what this is about

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.transcripts.clipping import DroppedWords, without_beginning, without_end
from audio_gateway.transcripts.seam import letters_of


def dropped(words: str, beside: str = "") -> DroppedWords:
    return DroppedWords(letters_of(words), letters_of(beside))


@pytest.mark.parametrize(
    ("text", "words", "kept"),
    [
        ("One two, three.", "three", "One two,"),
        ("One two, three.", "two three", "One"),
        ("One “two three”", "two three", "One"),
        ('He said "two three"', "two three", "He said"),
        ("It costs (about) ten.", "about ten", "It costs"),
        ("One two three.", "", "One two three."),
        ("今天天气很好。我们走", "我们走", "今天天气很好。"),
        ("Das große Straßenfest", "STRASSENFEST", "Das große"),
        ("cafe\u0301 noir", "noir", "cafe\u0301"),
        ("don't know-how", "knowhow", "don't"),
    ],
)
def test_the_end_goes_with_its_punctuation(text: str, words: str, kept: str) -> None:
    assert without_end(text, dropped(words)) == (kept, "")


@pytest.mark.parametrize(
    ("text", "words", "kept"),
    [
        ("One, two three.", "one", "two three."),
        ("One. Two three.", "one", "Two three."),
        ("One “two three”", "one", "“two three”"),
        ("One two three.", "", "One two three."),
        ("今天，我们走。", "今天", "我们走。"),
        ("नमस्ते दुनिया", "नमस्ते", "दुनिया"),
        ("Yes! ¿Por qué?", "yes", "¿Por qué?"),
    ],
)
def test_the_beginning_goes_with_its_punctuation(text: str, words: str, kept: str) -> None:
    assert without_beginning(text, dropped(words)) == (kept, "")


def test_what_is_not_in_the_text_is_left_for_the_next_one() -> None:
    assert without_end("three four.", dropped("one two three four")) == ("", "onetwo")
    assert without_beginning("one two", dropped("one two three four")) == ("", "threefour")


def test_a_text_that_spells_words_otherwise_is_cut_beside_those_it_shares() -> None:
    assert without_end("We met at 25 Main Street.", dropped("twenty five main street", "met at")) == ("We met at", "")
    assert without_beginning("At 25 we met there.", dropped("at twenty five", "we met")) == ("we met there.", "")


def test_a_text_with_other_words_is_cut_between_words() -> None:
    kept, _ = without_end("alpha beta gamma", dropped("delta"))
    assert kept == "alpha beta"
    kept, _ = without_beginning("alpha beta gamma", dropped("deltas"))
    assert kept in {"beta gamma", "gamma"}


@given(st.lists(st.text("abcé", min_size=1, max_size=4), min_size=1, max_size=12), st.data())
def test_words_taken_off_either_end_are_those_words(words: list[str], draw: st.DataObject) -> None:
    count = draw.draw(st.integers(0, len(words)))
    text = ", ".join(words)
    kept, left = without_end(text, dropped(" ".join(words[len(words) - count :])))
    assert (kept.replace(",", "").split(), left) == (words[: len(words) - count], "")
    kept, left = without_beginning(text, dropped(" ".join(words[:count])))
    assert (kept.replace(",", "").split(), left) == (words[count:], "")
