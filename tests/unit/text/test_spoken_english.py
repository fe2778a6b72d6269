"""English is written out in the words that a person would say."""

# ruff: noqa: RUF001 - signs that look like others are what this is about

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_gateway.text.english.numbers import cardinal, digits, ordinal, year
from audio_gateway.text.spoken_english import spoken_english
from tests.examples import examples

TABLE = Path(__file__).parents[2] / "data" / "spoken_english.txt"


def _sections() -> Iterator[tuple[str, dict[str, str]]]:
    """What is written, and how it is read, by subject."""
    for section in TABLE.read_text(encoding="utf-8").split("## ")[1:]:
        title, *lines = section.splitlines()
        rows = (line.partition(" => ") for line in lines if " => " in line)
        yield title, {_unescaped(written): words for written, _, words in rows}


def _unescaped(written: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), written)


SECTIONS = dict(_sections())
CASES = {written: words for section in SECTIONS.values() for written, words in section.items()}


# ---------------------------------------------------------------- what is said
@pytest.mark.parametrize("section", SECTIONS)
def test_a_person_says_these_words(section: str) -> None:
    assert {written: spoken_english(written) for written in SECTIONS[section]} == SECTIONS[section]


def test_words_that_are_written_out_stay_as_they_are() -> None:
    assert [words for words in CASES.values() if spoken_english(words) != words] == []


def test_the_engines_own_syntax_for_phonemes_is_text() -> None:
    assert spoken_english("Say [hello](/bˈæd wˈɜɹd/) now.") == "Say hello now."
    assert spoken_english("[Say [hello](/b/) now](/c/") == "(Say hello now)(c"


def test_paragraphs_stay_apart_and_items_of_a_list_end_like_sentences() -> None:
    assert (
        spoken_english("# Shopping\n\n- milk\n- 2 eggs\n\nThat is all!")
        == "Shopping.\n\nmilk.\ntwo eggs.\n\nThat is all!"
    )


def test_the_rules_and_code_fences_of_markdown_are_not_read() -> None:
    assert spoken_english("One\n\n---\n\n```python\nx\n```\n\n| a | b |\n|---|---|\n| c | d |").split() == (
        ["One", "x", "a,", "b,", "c,", "d,"]
    )


@pytest.mark.parametrize("emoji", ["😂", "👍🏽", "👨‍👩‍👧", "🇩🇪", "🎉"])
def test_emoji_beside_words_are_left_out(emoji: str) -> None:
    assert spoken_english(f"Well done {emoji} everyone{emoji}!") == "Well done everyone!"


def test_a_text_without_words_is_named() -> None:
    """Callers do not pay for silence."""
    assert spoken_english("👍") == "thumbs up"
    assert spoken_english("...") == "dot"
    assert spoken_english("---") == ""  # of Markdown
    assert spoken_english("?!?!") == "question mark, exclamation mark, question mark, exclamation mark"


@pytest.mark.parametrize("nothing", ["", " \n\t", "\u200b\ufeff", "\x00"])
def test_nothing_is_nothing(nothing: str) -> None:
    assert spoken_english(nothing) == ""


# ---------------------------------------------------------------- numbers
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (100, "one hundred"),
        (999, "nine hundred ninety nine"),
        (1_000_000, "one million"),
        (10_000_001, "ten million one"),
        (-7, "minus seven"),
        (10**30, "one nonillion"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    assert cardinal(number) == words


def test_a_number_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no words for a number of 34 digits"):
        cardinal(10**33)


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "first"), (12, "twelfth"), (20, "twentieth"), (21, "twenty first"), (100, "one hundredth"), (8, "eighth")],
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1900, "nineteen hundred"),
        (1905, "nineteen oh five"),
        (2000, "two thousand"),
        (2010, "twenty ten"),
        (66, "sixty six"),
    ],
)
def test_years(number: int, words: str) -> None:
    assert year(number) == words


def test_a_long_number_is_read_digit_by_digit() -> None:
    assert spoken_english("1234567890123456") == digits("1234567890123456")
    assert spoken_english("9" * 4096) == digits("9" * 4096)


# ---------------------------------------------------------------- laws
PIECES = st.sampled_from(
    [
        *CASES,
        *string.punctuation,
        "\n",
        "\n\n",
        " ",
        "  ",
        "[",
        "](/",
        "/)",
        "**",
        "__",
        "```",
        "http://",
        "\u200d",
        "\ufe0f",
    ]
)
ANYTHING = st.lists(st.one_of(PIECES, st.characters(codec="utf-8"), st.text("0123456789.,:/-$% ")), max_size=30).map(
    "".join
)
PLAIN_WORDS = st.lists(st.text(string.ascii_lowercase, min_size=3, max_size=12), min_size=1, max_size=30)


@pytest.mark.slow
@given(ANYTHING)
@example("2½ km² at 20℃")
@examples(100)
def test_only_words_and_punctuation_are_left(text: str) -> None:
    words = spoken_english(text)
    left = {c for c in words if not c.isalpha() and c not in " \n.,;:!?…—–-'\"()"}
    assert not any(c.isdecimal() for c in words)
    assert not left & set("[]{}<>|\\/*_`~^#@$%&+=")
    assert all(ord(c) > 127 for c in left)


@given(PLAIN_WORDS)
@examples(40)
def test_plain_words_are_not_lost(words: list[str]) -> None:
    assert _letters(spoken_english(" ".join(words))) == _letters(" ".join(words))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text)).lower()


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        *[
            "a",
            "1",
            "1,",
            "1/",
            "1-",
            "_",
            "*",
            "[",
            "[a](",
            "<",
            "<a ",
            "#",
            "a@",
            "a.",
            "/a",
            "$1-",
            "1 - ",
            "I",
            "é",
        ],
        *["\u0301", "\n> ", " ", "|--", '"', "http://", "+1 ", "A.B", "Jan 1 ", "12:", "C:\\", "日本", "1.1.", "\t|"],
    ],
)
def test_the_time_grows_with_the_length_and_not_with_its_square(piece: str) -> None:
    short, long = (piece * 1_024)[:1_024], (piece * 8_192)[:8_192]
    assert _processor_time(long) < 30 * _processor_time(short) + 0.1  # the square would be 64 times


def _processor_time(text: str) -> float:
    start = process_time()
    spoken_english(text)
    return process_time() - start
