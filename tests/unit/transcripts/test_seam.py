"""Where the words of one chunk end and those of the next begin."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.transcripts.seam import (
    Seam,
    Token,
    _likeness,
    _pairs,
    letters_of,
    seam_by_pairs,
    seam_by_run,
    seam_in_middle,
    tokens_of,
)


def said(text: str, *starts_ms: int, long_ms: int = 100) -> list[Token]:
    """A word for each start; without starts one after the other."""
    words = text.split()
    starts = starts_ms or range(0, long_ms * len(words), long_ms)
    return [Token(word, start, start + long_ms) for word, start in zip(words, starts, strict=True)]


# ---------------------------------------------------------------- words
def test_words_of_a_text_get_their_share_of_its_time() -> None:
    assert tokens_of("Don't stop, OK", 1000, 2400) == [
        Token("dont", 1000, 1500),
        Token("stop", 1600, 2000),
        Token("ok", 2200, 2400),
    ]


def test_a_letter_alone_has_all_of_the_time() -> None:
    assert tokens_of("I", 100, 400) == [Token("i", 100, 400)]


def test_characters_without_spaces_are_words_each() -> None:
    assert [token.letters for token in tokens_of("你好 a")] == ["你", "好", "a"]


def test_words_without_times_begin_and_end_at_zero() -> None:
    assert tokens_of("one two") == [Token("one", 0, 0), Token("two", 0, 0)]
    assert tokens_of("") == tokens_of("", 100, 200) == []


def test_only_letters_and_digits_are_compared() -> None:
    assert letters_of("“Straße 7!”") == "strasse7"


# ---------------------------------------------------------------- words that both heard, with times
@pytest.mark.parametrize(
    ("middle_ms", "seam"),
    [
        (0, Seam(3, 0)),
        (49, Seam(3, 0)),
        (51, Seam(2, 1)),
        (60, Seam(2, 1)),
        (149, Seam(2, 1)),
        (150, Seam(2, 1)),  # the word in the very middle is the right chunk's
        (151, Seam(1, 2)),
        (240, Seam(1, 2)),
        (260, Seam(0, 3)),
        (900, Seam(0, 3)),
    ],
)
def test_the_seam_is_at_the_word_nearest_to_the_middle(middle_ms: float, seam: Seam) -> None:
    assert seam_by_pairs(said("a b c"), said("a b c"), middle_ms) == seam


@pytest.mark.parametrize(("middle_ms", "seam"), [(240, Seam(1, 0)), (250, Seam(1, 0)), (251, Seam(0, 1))])
def test_a_word_that_is_placed_differently_is_where_it_is_on_the_average(middle_ms: float, seam: Seam) -> None:
    assert seam_by_pairs(said("a", 100), said("a", 300), middle_ms) == seam


def test_the_nearest_word_is_found_by_both_of_its_places() -> None:
    left, right = said("a b", 0, 1000), said("a b", 400, 1000)
    assert seam_by_pairs(left, right, 640) == Seam(1, 1)  # 250 is nearer to 640 than 1050
    assert seam_by_pairs(left, right, 660) == Seam(1, 1)
    assert seam_by_pairs(left, right, 1060) == Seam(0, 2)


def test_the_nearest_word_is_found_behind_words_that_only_one_has_heard() -> None:
    assert seam_by_pairs(said("x a b"), said("a b", 100, 200), 195) == Seam(1, 1)
    assert seam_by_pairs(said("a b", 100, 200), said("x a b"), 195) == Seam(1, 2)


@pytest.mark.parametrize(("apart_ms", "found"), [(0, True), (499, True), (500, False), (900, False)])
def test_the_same_word_half_a_second_apart_is_another_one(apart_ms: int, found: bool) -> None:
    assert (seam_by_pairs(said("a", 1000), said("a", 1000 + apart_ms), 0) is not None) is found
    assert (seam_by_pairs(said("a", 1000 + apart_ms), said("a", 1000), 0) is not None) is found


def test_of_a_word_said_twice_the_nearer_one_is_the_same() -> None:
    assert _pairs(said("no", 50), said("no no", 100, 400)) == [(0, 0)]
    assert _pairs(said("no", 400), said("no no", 0, 390)) == [(0, 1)]
    assert _pairs(said("no no", 0, 390), said("no", 400)) == [(1, 0)]


def test_no_word_in_common_is_no_seam() -> None:
    assert seam_by_pairs(said("a b"), said("c d"), 100) is None
    assert seam_by_pairs([], said("c d"), 100) is None
    assert seam_by_pairs(said("..."), said("..."), 100) == seam_by_pairs(said("x"), said("x"), 100)
    assert seam_by_pairs([Token("", 0, 100)], [Token("", 0, 100)], 50) is None  # nothing but punctuation


def test_likeness_goes_down_evenly_with_the_distance() -> None:
    assert [_likeness(*said("a", 0), *said("a", apart)) for apart in (0, 125, 250, 375, 500)] == [1, 0.75, 0.5, 0.25, 0]


words = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), max_size=4).map(
    lambda items: [Token(letters, at * 100, at * 100 + 80) for letters, at in sorted(items, key=lambda it: it[1])]
)


@given(words, words)
def test_the_pairs_are_as_many_and_as_close_in_time_as_can_be(left: list[Token], right: list[Token]) -> None:
    def worth(pairs: tuple[tuple[int, int], ...]) -> float:
        return sum(_likeness(left[i], right[j]) for i, j in pairs)

    alike = [(i, j) for i in range(len(left)) for j in range(len(right)) if _likeness(left[i], right[j])]
    best = 0.0
    for size in range(min(len(left), len(right)) + 1):
        for chosen in combinations(alike, size):
            if all(i < k and j < m for (i, j), (k, m) in pairwise(chosen)):
                best = max(best, worth(chosen))
    found = tuple(_pairs(left, right))
    assert set(found) <= set(alike)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(found))
    assert worth(found) == pytest.approx(best)


# ---------------------------------------------------------------- words that both heard, without times
@pytest.mark.parametrize(
    ("left", "right", "seam"),
    [
        ("x a b c", "a b c y", Seam(1, 2)),
        ("a b", "a b c", Seam(1, 1)),
        ("x a b c d", "a b c d", Seam(2, 2)),
        ("a", "a", Seam(0, 1)),
        ("x a", "a", Seam(0, 1)),
        ("a", "x a", Seam(0, 2)),
        ("a b x a b", "a b", Seam(1, 1)),  # of two runs as long, the one that is nearer to the end of the left chunk
        ("a b", "a b y a b", Seam(1, 4)),
        ("a b z", "y a b", Seam(2, 2)),
        ("a b c x", "x a b c", Seam(2, 3)),
    ],
)
def test_the_seam_is_in_the_middle_of_the_longest_run(left: str, right: str, seam: Seam) -> None:
    assert seam_by_run(said(left), said(right)) == seam


@pytest.mark.parametrize(("left", "right"), [("a b", "c d"), ("a x", "a y"), ("x a", "a y"), ("", "a"), ("a", "")])
def test_one_word_alike_among_others_may_be_so_by_chance(left: str, right: str) -> None:
    assert seam_by_run(said(left), said(right)) is None


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_the_run_is_the_longest_that_there_is(left: str, right: str) -> None:
    runs = [
        (length, i + length, j + length)
        for i in range(len(left))
        for j in range(len(right))
        for length in range(1, 7)
        if left[i : i + length] == right[j : j + length] and max(i, j) + length <= 6
        if i + length <= len(left) and j + length <= len(right)
    ]
    longest, end_left, end_right = max(runs, default=(0, 0, 0))
    found = seam_by_run(said(" ".join(left)), said(" ".join(right)))
    if longest < max(1, min(2, len(left), len(right))):
        assert found is None
    else:
        assert found == Seam(len(left) - end_left + longest // 2, end_right - longest // 2)


# ---------------------------------------------------------------- nothing alike
@pytest.mark.parametrize(
    ("left", "right", "seam"),
    [
        ([(0, 100), (100, 200)], [(10, 110), (120, 220)], Seam(1, 1)),  # each by its own middle
        ([(80, 130)], [(90, 140)], Seam(0, 1)),  # one word, on both sides of the middle: the left chunk's
        ([(90, 140)], [(80, 130)], Seam(0, 1)),
        ([(0, 100)], [(100, 200)], Seam(0, 0)),
        ([(60, 160)], [(160, 260)], Seam(1, 0)),  # exactly in the middle is behind it
        ([(0, 109), (60, 160)], [(60, 160)], Seam(1, 0)),
        ([(109, 110)], [(0, 400)], Seam(0, 1)),  # a short one within a long one
        ([(0, 400)], [(109, 110)], Seam(0, 1)),
        ([(0, 100)], [(50, 200)], Seam(0, 0)),  # half of it is not most of it
        ([(0, 102)], [(50, 200)], Seam(0, 1)),
        ([(100, 202)], [(0, 150)], Seam(1, 1)),
        ([(98, 200)], [(0, 150)], Seam(0, 1)),
        ([], [], Seam(0, 0)),
        ([], [(0, 100), (200, 300)], Seam(0, 1)),
        ([(0, 100), (200, 300)], [], Seam(1, 0)),
    ],
)
def test_two_that_heard_nothing_alike_go_by_the_middle(
    left: list[tuple[int, int]], right: list[tuple[int, int]], seam: Seam
) -> None:
    assert seam_in_middle([Token("l", *at) for at in left], [Token("r", *at) for at in right], 110) == seam
