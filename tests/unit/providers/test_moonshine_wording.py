"""The tokens of pieces become one text with words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.moonshine.model import Token
from audio_gateway.providers.embedded.moonshine.wording import joined, text_of, words_of
from tests.examples import examples


def tokens_of(written: str) -> list[Token]:
    """One token for each part between bars."""
    return [Token(number, part.encode(), -0.1) for number, part in enumerate(written.split("|"))]


def follows(written: str, before: str, *, continued: bool = False, goes_on: bool = False) -> str:
    return text_of(joined(tokens_of(written), before, continued=continued, goes_on=goes_on))


@pytest.mark.parametrize(
    ("written", "before", "expected"),
    [
        (" It| was|.", "", "It was."),
        (" It| was|.", "So it is.", " It was."),
        ("It| was|.", "So it is.", " It was."),
        (" That| some|.", "like the present period,", " that some."),
        (" Tha|t| some|.", "like the present period,", " that some."),
        (" London| is|.", "like the present period,", " London is."),
        (" I|'|m| here|.", "and", " I'm here."),
        (" It|'|s| here|.", "and", " it's here."),
        (" It| was|.", 'He said "no."', " It was."),
    ],
)
def test_a_piece_follows_the_text_before_it(written: str, before: str, expected: str) -> None:
    assert follows(written, before) == expected


def test_a_piece_that_was_cut_in_mid_sentence_begins_and_ends_in_it() -> None:
    assert follows(" He| took| the|.", "", goes_on=True) == "He took the"
    assert follows(" The| train|.", "He took the", continued=True) == " the train."
    assert follows(" Really|?", "", goes_on=True) == "Really?"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" In| short|,,| the", "In short, the"),
        (" In| short|,|,| the", "In short, the"),
        (" best| of| times|.| it| was|.", "best of times, it was."),
        (" before| us|.| we| were|.", "before us, we were."),
        (" best| of| times|.| It| was|.", "best of times. It was."),
        (" at| 5| p|.|m|.| on| Monday|.", "at 5 p.m. on Monday."),
        (" Dr|.| van| Helsing|.", "Dr. van Helsing."),
        (" a|\r|\n| b", "a b"),
        (" a| | b| ", "a b"),
        ("| a||", "a"),
        ("", ""),
        (" ", ""),
    ],
)
def test_slips_of_the_model_are_mended(written: str, expected: str) -> None:
    assert follows(written, "") == expected


@examples(200)
@given(st.lists(st.text("aI.,? \r\N{EIGHTH NOTE}é", max_size=3), max_size=8), st.sampled_from(["", "so", "So."]))
def test_a_text_has_no_odd_space_and_keeps_its_letters(parts: list[str], before: str) -> None:
    tokens = [Token(number, part.encode(), -0.1) for number, part in enumerate(parts)]
    text = text_of(joined(tokens, before, continued=False, goes_on=False))
    assert text == text.rstrip()
    assert text.startswith(" ") == bool(before and text)
    assert [c.lower() for c in text if c.isalnum()] == [c.lower() for c in "".join(parts) if c.isalnum()]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ('Well - he paid $9.99, (50%) \N{EM DASH} "yes"...', ["Well", "he", "paid", "$9.99", "50%", "yes"]),
        ("ill-disposed men's don't", ["ill-disposed", "men's", "don't"]),
        ("at 5 p.m. in the U.S., not 3.5.", ["at", "5", "p.m.", "in", "the", "U.S.", "not", "3.5"]),
        ("Q & A", ["Q", "&", "A"]),
        ("\N{EIGHTH NOTE} la la \N{EIGHTH NOTE}", ["la", "la"]),
    ],
)  # fmt: skip
def test_words_are_without_the_punctuation_around_them(text: str, words: list[str]) -> None:
    assert words_of(text) == words
