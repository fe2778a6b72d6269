"""Which parts of a text hibari speaks, and which eSpeak NG."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.hibari.languages import passages


def parts(text: str) -> list[tuple[str, str]]:
    return [(passage.language, passage.piece.text.strip()) for passage in passages(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there.", [("en", "Hello there.")]),
        ("Guten Tag, wie geht es Ihnen?", [("de", "Guten Tag, wie geht es Ihnen?")]),
        ("It was déjà vu, and the café was closed.", [("en", "It was déjà vu, and the café was closed.")]),
        (
            "This is about bread.\n\nDas Brot ist nicht gut, und wir haben keins mehr.",
            [("en", "This is about bread."), ("de", "Das Brot ist nicht gut, und wir haben keins mehr.")],
        ),
        ("Привет, мир!", [("ru", "Привет, мир!")]),
        ("She said Привет, мир and left.", [("en", "She said"), ("ru", "Привет, мир"), ("en", "and left.")]),
        ("My name is 田中.", [("en", "My name is"), ("zh", "田中.")]),
        ("", []),
    ],
)  # fmt: skip
def test_paragraphs_and_words_in_other_scripts_are_told_apart(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(text) == expected


def test_a_paragraph_that_says_nothing_is_in_the_language_of_the_text() -> None:
    text = "Taxi\n\nWir sind mit dem Auto in die Stadt gefahren, und dort war es sehr schön."
    assert parts(text)[0] == ("de", "Taxi")


def test_english_is_written_out_but_other_languages_are_not() -> None:
    assert parts("It costs $5.") == [("en", "It costs five dollars.")]
    assert parts("Das kostet 5 Euro und ist nicht zu teuer.") == [("de", "Das kostet 5 Euro und ist nicht zu teuer.")]


def test_phonemes_in_brackets_are_text() -> None:
    [(language, text)] = parts("Say [tomato](/t@m,eIt@U/) please.")
    assert language == "en"
    assert not set("[]()/") & set(text)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_every_text_has_its_passages(text: str) -> None:
    assert all(len(passage.language) == 2 for passage in passages(text))
