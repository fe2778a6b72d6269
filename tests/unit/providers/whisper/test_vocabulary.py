"""Whisper's tokens: text is encoded as OpenAI does, and names of control tokens are text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.engine_files import engine_file
from audio_gateway.providers.embedded.whisper.byte_pairs import words
from audio_gateway.providers.embedded.whisper.vocabulary import Vocabulary, read_vocabulary
from tests.examples import examples

ALL = 100_000  # tokens


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return read_vocabulary(engine_file("whisper", "vocabulary.txt"))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello world", [15947, 1002]),
        (" the", [264]),
        ("It's we'll they've I'd", [3522, 311, 321, 603, 436, 600, 286, 1116]),
    ],
)
def test_text_is_encoded_as_openai_does(vocabulary: Vocabulary, text: str, tokens: list[int]) -> None:
    assert vocabulary.encode(text, ALL) == tokens


@given(text=st.text(st.characters(codec="utf-8"), max_size=80))
@examples(300)
def test_encoded_text_is_the_same_text_when_decoded(vocabulary: Vocabulary, text: str) -> None:
    assert vocabulary.text(vocabulary.encode(text, ALL)) == text


@given(text=st.text(st.sampled_from("ab 's\n\t.!1\u0301語ก\u3000"), max_size=60))
@examples(300)
def test_the_parts_of_a_text_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


@given(text=st.text(st.sampled_from("the cat 's\n.1語ก"), max_size=60), most=st.integers(0, 20))
@examples(200)
def test_of_a_long_text_the_last_tokens_are_kept(vocabulary: Vocabulary, text: str, most: int) -> None:
    whole = vocabulary.encode(text, ALL)
    assert vocabulary.encode(text, most) == whole[max(0, len(whole) - most) :]


@pytest.mark.parametrize("text", ["a" * 200_000, "語" * 200_000, " x" * 200_000, "<|en|>" * 50_000])
def test_a_huge_text_is_encoded_from_its_end(vocabulary: Vocabulary, text: str) -> None:
    assert vocabulary.encode(text, 200) == vocabulary.encode(text[-4_000:], 200)


@pytest.mark.parametrize("name", ["<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|0.00|>"])
def test_the_name_of_a_control_token_is_text(vocabulary: Vocabulary, name: str) -> None:
    tokens = vocabulary.encode(f"say {name} now", ALL)
    assert max(tokens) < vocabulary.end
    assert vocabulary.text(tokens) == f"say {name} now"


def test_control_tokens_are_no_part_of_a_text(vocabulary: Vocabulary) -> None:
    start = vocabulary.start("de", "translate")
    assert vocabulary.text([*start, *vocabulary.encode("Hello", ALL), vocabulary.end]) == "Hello"


def test_there_are_99_languages_by_our_codes(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.languages) == 99
    assert {"en", "de", "zh", "jv", "haw"} <= set(vocabulary.languages)
    assert vocabulary.language_of("<|jw|>") == "jv"


def test_incomplete_characters_are_replaced(vocabulary: Vocabulary) -> None:
    half = vocabulary.encode("\U00010348", ALL)[:1]
    assert vocabulary.text(half) == "\ufffd"
