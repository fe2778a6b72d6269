"""Words and their times, from tokens and the frames that belong to each."""

# ruff: noqa: RUF001 - punctuation of other scripts is what this is about

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.whisper.words import (
    TimedWord,
    fitting,
    starts_of,
    within_speech,
    without_invented,
    words,
)
from tests.examples import examples


def split(*tokens: str | bytes) -> list[str]:
    data = [token if isinstance(token, bytes) else token.encode() for token in tokens]
    return [word.text for word in words(range(len(data)), data, range(len(data) + 1))]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ((" He", " was", " ill", "-", "dis", "posed", "."), [" He", " was", " ill-disposed."]),
        ((" don", "'t", ",", " I"), [" don't,", " I"]),
        ((" said", ' "', "Yes", '."'), [" said", ' "Yes."']),
        ((" a", " –", " b"), [" a –", " b"]),
        ((" (", "no", ")", " -", "5"), [" (no)", " -5"]),
        ((" ¿", "Qué", "?"), [" ¿Qué?"]),
        (("我", "喜歡", "「", "茶", "」", "。", "你", "？"), ["我", "喜歡", "「茶」。", "你？"]),
        (("OpenAI", "の", " GPT", "-", "4", "です"), ["OpenAI", "の", " GPT-4", "です"]),
        (("ที", "่", "น", "ี", "่"), ["ที่", "นี่"]),
        ((" ", "bar", " ", " baz"), [" bar ", " baz"]),
        (("…", " well"), ["… well"]),
        (("!", "?"), ["!?"]),
        ((), []),
    ],
)
def test_words_are_cut_at_spaces_or_where_the_script_has_none(tokens: tuple[str, ...], expected: list[str]) -> None:
    assert split(*tokens) == expected


def test_a_character_in_several_tokens_is_one_word() -> None:
    assert split(b"\xe6\x97", b"\xa5", b"\xe6", b"\x9c\xac") == ["日", "本"]


def test_a_token_without_text_is_part_of_a_word() -> None:
    assert split(b"", b" a", b"", b" b", b"") == [" a", " b"]


def test_bytes_that_are_no_character_end_with_their_token() -> None:
    assert split(b" a\xff", b" b", b" c\xe6") == [" a\ufffd", " b", " c\ufffd"]


TEXTS = st.sampled_from([" ", " a", "b", ",", " (", "語", "。", "「", "่"]).map(str.encode)
TOKENS = st.lists(st.one_of(TEXTS, st.binary(min_size=1, max_size=3)))


@given(data=TOKENS, alignment=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9))))
@examples(300)
def test_no_token_is_lost_and_times_never_fall(data: list[bytes], alignment: list[tuple[int, int]]) -> None:
    path, token, frame = [], 0, 0
    for further, later in alignment:
        token, frame = token + further, frame + later
        path.append((token, frame))
    found = words(range(len(data)), data, starts_of(path, len(data)))
    assert [token for word in found for token in word.tokens] == list(range(len(data)))
    times = [time for word in found for time in (word.start_ms, word.end_ms)]
    assert times == sorted(times)


def test_text_is_that_of_the_tokens() -> None:
    assert "".join(split(" a", "b", "語", " c")) == " ab語 c"


def test_a_word_ends_where_the_next_one_begins() -> None:
    starts = starts_of([(0, 5), (0, 6), (1, 7), (2, 7), (2, 8), (3, 20)], 3)
    assert starts == [5, 7, 7, 20]
    found = words([1, 2, 3], [b" a", b" b", b" c"], starts)
    assert [(word.start_ms, word.end_ms) for word in found] == [(100, 140), (140, 140), (140, 400)]
    assert all(left.end_ms <= right.start_ms for left, right in pairwise(found))


def test_an_alignment_that_ends_early_leaves_no_token_without_time() -> None:
    assert starts_of([(0, 1), (1, 4)], 3) == [1, 4, 5, 5]
    assert starts_of([], 2) == [0, 0, 0]


def word(text: str, start_ms: int, end_ms: int) -> TimedWord:
    return TimedWord(text, (1,), start_ms, end_ms)


def test_a_pause_is_no_part_of_the_word_beside_it() -> None:
    probabilities = [0.0, 0.0, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.0]
    assert within_speech(word("a", 30, 280), probabilities, 32) == word("a", 64, 192)
    assert within_speech(word("a", 70, 100), probabilities, 32) == word("a", 70, 100)


def test_a_word_in_a_pause_stays_where_it_is() -> None:
    assert within_speech(word("a", 10, 60), [0.0, 0.1, 0.2], 32) == word("a", 10, 60)
    assert within_speech(word("a", 100, 100), [0.9], 32) == word("a", 100, 100)


def test_words_without_time_at_the_end_are_invented() -> None:
    spoken = [word(" No.", 0, 200), word(" Yes.", 200, 400)]
    assert without_invented([*spoken, *[word(" You", 400, 400)] * 3]) == spoken
    assert without_invented([*spoken, word(" yes", 400, 400)]) == spoken
    assert without_invented([*spoken, word(" to", 400, 400)]) == [*spoken, word(" to", 400, 400)]
    assert without_invented([word(" to", 0, 0)] * 4) == [word(" to", 0, 0)] * 4
    assert without_invented([]) == []


@pytest.mark.parametrize(("room", "kept"), [(0, []), (2, []), (3, [" Yes,"]), (7, [" Yes,", " it's"]), (99, None)])
def test_words_fit_by_their_letters(room: int, kept: list[str] | None) -> None:
    found = [TimedWord(text, (1,), 0, 10) for text in (" Yes,", " it's", " tomorrow.")]
    assert [word.text for word in fitting(found, room)] == ([word.text for word in found] if kept is None else kept)
