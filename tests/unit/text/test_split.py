"""Long text becomes pieces that can be spoken one by one, and nothing of it is lost."""

# ruff: noqa: RUF001 - punctuation of other scripts is what this is about

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_gateway.text.graphemes import is_grapheme_border
from audio_gateway.text.split import growing_pieces, pieces, split
from tests.examples import examples

FAMILY = "👨‍👩‍👧‍👦"

# ---------------------------------------------------------------- laws
ANY_TEXT = st.lists(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(
            ["\n", "\r\n", " ", ". ", "! ", ", ", "。", "、", "한", "ง", "e\u0301", "🇩🇪", FAMILY, "\u00a0", "क्ष"]
        ),
    ),
    max_size=400,
).map("".join)


@given(ANY_TEXT, st.integers(1, 120))
@example("", 1)
@example("\r\n" * 5, 1)
@example("🇩🇪" * 9, 3)
@examples(400)
def test_pieces_joined_are_the_text_and_none_is_too_long(text: str, most: int) -> None:
    pieces = split(text, most)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= most for piece in pieces)


@given(ANY_TEXT, st.integers(1, 120))
@example("", 1)
@examples(200)
def test_growing_pieces_joined_are_the_text_and_none_is_too_long(text: str, most: int) -> None:
    found = list(growing_pieces(text, most))
    assert "".join(found) == text
    assert all(0 < len(piece) <= most for piece in found)


@given(ANY_TEXT, st.integers(8, 120))
@examples(200)
def test_what_a_reader_sees_as_one_character_is_not_cut(text: str, most: int) -> None:
    longest = max((len(each) for each in graphemes(text)), default=0)
    if longest <= most // 4:
        for at in cuts(split(text, most)):
            assert is_grapheme_border(text, at)


@pytest.mark.parametrize("mark", ["!", "!?", "—", "…", "」", "! ", '?"', "——a", "!字", "！"])
def test_a_long_run_of_marks_takes_no_longer_than_other_text(mark: str) -> None:
    def seconds(text: str) -> float:
        started = time.process_time()
        assert "".join(split(text, 4096)) == text
        return time.process_time() - started

    marks = (mark * 30_000)[:30_000]
    assert seconds(marks) < 0.1 + 10 * seconds(("word. " * 30_000)[:30_000])


WORDS = st.lists(
    st.tuples(
        st.text("abcdefghijklmnäöüéßñ", min_size=1, max_size=12),
        st.sampled_from(["", "", "", ",", ".", "!", "...", ":"]),
    ),
    min_size=1,
    max_size=300,
).map(lambda words: " ".join(word + mark for word, mark in words))


@given(WORDS, st.integers(30, 200))
@examples(200)
def test_no_word_is_cut_and_no_piece_is_blank(text: str, most: int) -> None:
    pieces = split(text, most)
    assert [word for piece in pieces for word in piece.split()] == text.split()
    assert all(piece.strip() for piece in pieces)


@given(WORDS, st.integers(60, 200))
@examples(200)
def test_pieces_are_of_a_size(text: str, most: int) -> None:
    """None is a mere rest, and there are not many more than there must be."""
    pieces = split(text, most)
    if len(pieces) > 1:
        assert min(map(len, pieces)) >= most // 8
        assert len(pieces) <= 2 * -(-len(text) // most) + 1


def graphemes(text: str) -> list[str]:
    borders = [at for at in range(len(text) + 1) if is_grapheme_border(text, at)]
    return [text[a:b] for a, b in itertools.pairwise(borders)]


def cuts(pieces: list[str]) -> list[int]:
    return list(itertools.accumulate(map(len, pieces)))[:-1]


# ---------------------------------------------------------------- what ends a piece
@pytest.mark.parametrize(
    ("text", "most", "pieces"),
    [
        ("One two.\n\nThree four five. Six seven.", 26, ["One two.\n\n", "Three four five. ", "Six seven."]),
        ("One, two three. Four five six, seven eight.", 30, ["One, two three. ", "Four five six, seven eight."]),
        ("One two, three four five six seven", 20, ["One two, ", "three four ", "five six seven"]),
        ("alpha beta gamma delta", 12, ["alpha beta ", "gamma delta"]),
        ("„Halt!“ rief er laut. „Nein!“ rief sie.", 25, ["„Halt!“ rief er laut. ", "„Nein!“ rief sie."]),
        ('"Stop!" he said. "No," she said.', 20, ['"Stop!" he said. ', '"No," she said.']),
        ("今天天气很好。我们去公园吧！好的，走吧。", 9, ["今天天气很好。", "我们去公园吧！", "好的，走吧。"]),
        ("「はい。」「いいえ。」と言った。", 10, ["「はい。」", "「いいえ。」", "と言った。"]),
        ("مرحبا بالعالم؟ كيف الحال اليوم. شكرا", 22, ["مرحبا بالعالم؟ ", "كيف الحال اليوم. شكرا"]),
        ("यह पहला है। यह दूसरा है।", 14, ["यह पहला है। ", "यह दूसरा है।"]),
        ("สวัสดีครับ วันนี้อากาศดี", 15, ["สวัสดีครับ ", "วันนี้อากาศดี"]),
    ],
)
def test_the_best_end_is_taken(text: str, most: int, pieces: list[str]) -> None:
    assert split(text, most) == pieces


@pytest.mark.parametrize(
    "text",
    [
        "We saw Mr. Smith there.", "It was at No. 5 there.", "Take e.g. Tuesday for it.", "The U.S. Army was there.",
        "Das ist z.B. Mutter oder so.", "Das ist z. B. Mutter oder so.", "Am 3. Mai war es so.",
        "Pi is 3.14 and no more.",
        "By J. R. R. Tolkien it was.", "Dr. Prof. Schmidt was there.", "He left (approx. Tuesday) then.",
        "She asked “why?” and went.",
    ],
)  # fmt: skip
def test_no_sentence_ends_inside(text: str) -> None:
    around = "And this was before it. " + text + " And this is behind."
    for most in range(len(text) + 16, len(around)):
        assert any(text in piece for piece in split(around, most))


@pytest.mark.parametrize(
    "end", [". ", "! ", "? ", "… ", '." ', ".) ", "?” ", ".\n", "。", "！", "？", "。」 ", "؟ ", "। "]
)
def test_sentences_end_with_any_full_stop(end: str) -> None:
    text = "Alpha beta, gamma delta" + end + "Epsilon, zeta eta theta iota kappa"
    assert split(text, 40)[0] == "Alpha beta, gamma delta" + end


def test_a_word_is_cut_only_if_it_alone_is_too_long() -> None:
    url = "https://example.org/" + "x" * 60
    pieces = split(f"See {url} for more", 40)
    assert pieces[0] == "See "
    assert all(len(piece) <= 40 for piece in pieces)
    assert split("10\u00a0000 and 20\u00a0000", 11) == ["10\u00a0000 ", "and 20\u00a0000"]


def test_text_in_a_script_without_spaces_is_cut_between_characters() -> None:
    pieces = split("私たちは東京タワーへ行きましたそして楽しかったです" * 4, 20)
    assert all(len(piece) > 8 for piece in pieces)
    assert not any(piece[0] in "ーょゃっ" for piece in pieces)


def test_space_alone_makes_blank_pieces_rather_than_none() -> None:
    pieces = split("a" + " " * 50 + "b", 20)
    assert "".join(pieces) == "a" + " " * 50 + "b"
    assert any(not piece.strip() for piece in pieces)


@pytest.mark.parametrize("make", [split, pieces, growing_pieces])
@pytest.mark.parametrize("most", [0, -1])
def test_pieces_of_no_characters_are_refused(make: Callable[[str, int], object], most: int) -> None:
    with pytest.raises(ValueError, match="cannot hold any text"):
        make("text", most)


# ---------------------------------------------------------------- growing pieces
PROSE = "A sentence of some length stands here, and it ends now. " * 400


def test_the_first_of_growing_pieces_is_a_sentence_and_the_others_grow_to_the_limit() -> None:
    lengths = [len(piece) for piece in growing_pieces(PROSE, 4096)]
    assert lengths[0] == 56
    assert all(before < behind <= 4 * max(before, 80) for before, behind in itertools.pairwise(lengths[:5]))
    assert min(lengths[6:-1]) > 3000


def test_short_sentences_are_taken_together_and_of_a_long_one_the_beginning() -> None:
    assert next(growing_pieces("Hi. Yes. " + PROSE, 4096)) == "Hi. Yes. " + PROSE[:56]
    clause = "there is no full stop anywhere near, "
    assert next(growing_pieces(clause * 30, 4096)).endswith("near, ")
    assert len(next(growing_pieces("x" * 900, 4096))) == 160


def test_the_first_piece_is_made_without_the_others() -> None:
    def seconds(text: str) -> float:
        started = time.process_time()
        next(growing_pieces(text, 4096))
        next(pieces(text, 4096))
        return time.process_time() - started

    assert seconds(PROSE * 40) < 0.05 + 5 * seconds(PROSE)


# ---------------------------------------------------------------- time
@pytest.mark.slow
@pytest.mark.parametrize(
    "once",
    ["It is a truth, universally acknowledged. ", "今天天气很好", "x", " ", "\n", '"', "🇩🇪", "e\u0301", "\u0301", ". ",
     "A. ", "—a", "。", "\u2029", "สวัสดี"],
)  # fmt: skip
def test_a_book_of_anything_is_split_in_seconds(once: str) -> None:
    text = (once * (400_000 // len(once) + 1))[:400_000]
    started = time.process_time()
    pieces = split(text, 4_096)
    assert time.process_time() - started < 30  # what grows with the square of the length takes hours
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= 4_096
