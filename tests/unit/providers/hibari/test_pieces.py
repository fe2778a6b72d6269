"""Where text is cut to be spoken, and how long the pauses are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.hibari.pieces import (
    CLAUSE_S,
    LINE_S,
    PARAGRAPH_S,
    SENTENCE_S,
    Piece,
    paragraphs,
    sentences,
)

LONG = "When the weather is as fine as it was last year in spring, we go for a walk along the river in the afternoon."


def said(text: str, *, first: bool = False) -> list[tuple[str, float]]:
    return [
        (piece.text.strip(), piece.pause_s)
        for paragraph in paragraphs(text)
        for piece in sentences(paragraph, first=first)
    ]


def test_a_pause_is_longer_the_more_ends_there() -> None:
    assert said("One is. Two is.\nThree is.\n\nFour is.") == [
        ("One is.", SENTENCE_S),
        ("Two is.", LINE_S),
        ("Three is.", PARAGRAPH_S),
        ("Four is.", PARAGRAPH_S),
    ]
    assert CLAUSE_S < SENTENCE_S < LINE_S < PARAGRAPH_S


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\u2028", "\v", "\x85"])
def test_lines_that_the_writer_ended_are_spoken_apart(line_break: str) -> None:
    assert [text for text, _ in said(f"Milk{line_break}eggs{line_break}Bread")] == ["Milk", "eggs", "Bread"]


def test_a_line_that_was_only_wrapped_goes_on() -> None:
    wrapped = "The committee will meet again in the second week of the\nmonth, and nobody has objected to that."
    assert said(wrapped) == [(wrapped, PARAGRAPH_S)]


def test_a_very_long_paragraph_is_cut_after_a_sentence() -> None:
    found = list(paragraphs(f"{LONG} " * 60))
    assert [piece.pause_s for piece in found] == [SENTENCE_S] * (len(found) - 1) + [PARAGRAPH_S]
    assert all(2000 < len(piece.text) < 2200 for piece in found[:-1])
    assert " ".join(piece.text for piece in found) == " ".join([LONG] * 60)


def test_the_first_sentence_is_cut_at_a_clause_to_be_heard_soon() -> None:
    assert [text for text, _ in said(f"{LONG} {LONG}", first=False)] == [LONG, LONG]
    start, rest = said(LONG, first=True)
    assert start == ("When the weather is as fine as it was last year in spring,", CLAUSE_S)
    assert rest == ("we go for a walk along the river in the afternoon.", PARAGRAPH_S)


@pytest.mark.parametrize("text", ["Yes, of course.", "a" * 90, "So, " + "a" * 90 + ", no."])
def test_no_first_clause_is_too_short_to_sound_right(text: str) -> None:
    assert [piece for piece, _ in said(text, first=True)] == [text]


def test_a_sentence_without_end_is_cut_at_words() -> None:
    parts = [text for text, _ in said("word " * 2000)]
    assert len(parts) > 10
    assert all(len(part) <= 400 for part in parts)
    assert all(set(part.split()) == {"word"} for part in parts)


@given(st.text(alphabet="ab \n.,!\u2028\r'\u00e9", max_size=300), st.booleans())
def test_nothing_is_lost_and_nothing_is_empty(text: str, first: bool) -> None:
    found = said(text, first=first)
    assert "".join("".join(piece.split()) for piece, _ in found) == "".join(text.split())
    assert all(pause > 0 for _, pause in found)


def test_an_empty_paragraph_has_no_sentences() -> None:
    assert list(sentences(Piece("", 1.0), first=True)) == []
