"""The benchmark of quality counts words as a reader would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wording import WordErrors, aligned, word_errors
from tests.sound import word_errors as edits

WORDS = st.lists(st.sampled_from("abc"), max_size=7)


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("he was not an ill disposed young man", "He was not an ill-disposed young man.", 0),
        ("mister john had five", "Mr. John had 5.", 0),
        ("the cat sat", "The cat sat down", 1),
        ("the cat sat", "cat sad", 2),
        ("it's late", "It\N{RIGHT SINGLE QUOTATION MARK}s late.", 0),
        ("nobody spoke", "", 2),
    ],
)
def test_other_missing_and_added_words_are_wrong(said: str, heard: str, wrong: int) -> None:
    assert word_errors(said, heard) == WordErrors(wrong, len(said.split()))


@given(WORDS, WORDS)
def test_every_word_is_aligned_once_and_in_order(truth: list[str], found: list[str]) -> None:
    pairs = aligned(truth, found)
    assert [i for i, _ in pairs if i is not None] == list(range(len(truth)))
    assert [j for _, j in pairs if j is not None] == list(range(len(found)))


@given(WORDS.filter(bool), WORDS)
def test_the_alignment_has_the_fewest_errors(truth: list[str], found: list[str]) -> None:
    wrong = sum(i is None or j is None or truth[i] != found[j] for i, j in aligned(truth, found))
    assert wrong == round(edits(" ".join(truth), " ".join(found)) * len(truth))
