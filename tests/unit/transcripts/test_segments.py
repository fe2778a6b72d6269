"""Words become subtitles: nothing lost, nothing doubled, nothing too long."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.transcripts.segments import MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_MS, PAUSE_MS, segments_from_words
from audio_gateway.transcripts.transcript import Segment, Word


def spoken(text: str, pace_ms: int = 300) -> list[Word]:
    """One word after the other, each as long as the pace."""
    return [Word(word, i * pace_ms, (i + 1) * pace_ms) for i, word in enumerate(text.split())]


def texts(words: list[Word], text: str = "") -> list[str]:
    return [segment.text for segment in segments_from_words(words, text)]


def test_a_sentence_is_a_segment() -> None:
    assert segments_from_words(spoken("Hello there. How are you? Fine!")) == (
        Segment("Hello there.", 0, 600),
        Segment("How are you?", 600, 1500),
        Segment("Fine!", 1500, 1800),
    )


def test_punctuation_comes_from_the_text_where_words_have_none() -> None:
    text = "He said: “Hello.” (Then, nothing!) ¿Qué?"
    words = spoken("he said hello then nothing qué")
    assert texts(words, text) == ["He said: “Hello.”", "(Then, nothing!)", "¿Qué?"]


def test_words_are_joined_as_they_are_where_the_text_holds_other_ones() -> None:
    words = spoken("that is twenty dollars")
    assert texts(words, "That is $20.") == ["that is twenty dollars"]
    assert texts(words, "That is, er, twenty dollars.") == ["that is twenty dollars"]
    assert texts(words, "That is twenty dollars more.") == ["that is twenty dollars"]


def test_a_pause_ends_a_segment() -> None:
    words = [Word("one", 0, 300), Word("two", 999, 1200), Word("three", 1900, 2100)]
    assert texts(words) == ["one two", "three"]


def test_the_limits_are_those_of_subtitles() -> None:
    assert (MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_MS, PAUSE_MS) == (2 * 42, 7 * 1000, 700)


@pytest.mark.parametrize(("pause_ms", "segments"), [(PAUSE_MS - 1, 1), (PAUSE_MS, 2)])
def test_a_pause_of_seven_tenths_of_a_second_is_long_enough(pause_ms: int, segments: int) -> None:
    assert len(texts([Word("one", 0, 300), Word("two", 300 + pause_ms, 1200)])) == segments


@pytest.mark.parametrize(("end_ms", "segments"), [(MAX_SEGMENT_MS, 1), (MAX_SEGMENT_MS + 1, 2)])
def test_a_segment_is_at_most_seven_seconds_long(end_ms: int, segments: int) -> None:
    assert len(texts([Word("one", 1000, 4000), Word("two", 4000, 1000 + end_ms)])) == segments


@pytest.mark.parametrize(("letters", "segments"), [(MAX_SEGMENT_CHARACTERS - 4, 1), (MAX_SEGMENT_CHARACTERS - 3, 2)])
def test_a_segment_has_at_most_two_lines(letters: int, segments: int) -> None:
    """With `one` and the space behind it."""
    assert len(texts([Word("one", 0, 300), Word("x" * letters, 300, 600)])) == segments


def test_a_segment_ends_with_the_word_that_ends_last() -> None:
    words = [Word("one", 100, 900), Word("two", 300, 500)]
    assert segments_from_words(words) == (Segment("one two", 100, 900),)
    assert segments_from_words([Word("one", 100, 50)]) == (Segment("one", 100, 100),)


def test_a_long_sentence_is_cut_at_its_commas() -> None:
    text = (
        "In short, the period was so far like the present period, that some of its noisiest authorities insisted on its"
        " being received, for good or for evil, in the superlative degree of comparison only."
    )
    assert texts(spoken(text, 250)) == [
        "In short, the period was so far like the present period,",
        "that some of its noisiest authorities insisted on its being received,",
        "for good or for evil, in the superlative degree of comparison only.",
    ]


def test_a_long_sentence_is_cut_at_a_short_pause() -> None:
    words = spoken("she had taken all the letters that he wrote in spring and burnt them one by one in her garden", 250)
    later = [Word(word.text, word.start_ms + 400, word.end_ms + 400) for word in words[12:]]
    assert texts([*words[:12], *later]) == [
        "she had taken all the letters that he wrote in spring and",
        "burnt them one by one in her garden",
    ]


def test_a_long_sentence_without_pauses_is_cut_into_parts_of_similar_lengths() -> None:
    lengths = [len(text) for text in texts(spoken("word " * 18, 100))]
    assert lengths == [44, 44]


def test_a_change_of_speaker_ends_a_segment() -> None:
    words = [Word("yes", 0, 300, "A"), Word("no", 300, 600, "B"), Word("never", 600, 900, "B")]
    made = segments_from_words(words)
    assert [(segment.text, segment.speaker) for segment in made] == [("yes", "A"), ("no never", "B")]


def test_a_title_ends_no_sentence() -> None:
    assert texts(spoken("Good morning, Mr. Smith. Sit down.")) == ["Good morning, Mr. Smith.", "Sit down."]


def test_chinese_and_japanese_are_joined_without_spaces() -> None:
    words = [Word("你好", 0, 300), Word("世界", 300, 600), Word("ok", 600, 900), Word("吗", 900, 1000)]
    assert texts(words) == ["你好世界 ok 吗"]
    assert texts(words[:2], "你好\uff0c世界。") == ["你好\uff0c世界。"]
    assert texts(words[:2], "你好。「世界」") == ["你好。", "「世界」"]


def test_words_without_letters_do_not_count() -> None:
    assert segments_from_words([Word(" ", 0, 300)]) == ()
    assert segments_from_words([]) == ()
    assert segments_from_words([], "Hello") == ()


def test_an_end_before_its_start_is_mended() -> None:
    assert segments_from_words([Word("odd", 500, 100)]) == (Segment("odd", 500, 500),)


letters = st.text("abcdeéß世", min_size=1, max_size=12)


@st.composite
def speech(draw: st.DrawFn) -> tuple[list[Word], str]:
    """Words one after the other, and a text of the same words with punctuation between them."""
    words, now, text = [], 0, ""
    for bare in draw(st.lists(letters, max_size=40)):
        now += draw(st.sampled_from([0, 0, 50, 1000]))
        length = draw(st.integers(1, 900))
        words.append(Word(bare, now, now + length))
        now += length
        text += bare + draw(st.sampled_from([" ", ", ", ". ", "? ", " “", " - "]))
    return words, text


@given(speech())
def test_no_word_is_lost_doubled_or_moved(said: tuple[list[Word], str]) -> None:
    words, text = said
    for whole in (text, ""):
        made = segments_from_words(words, whole)
        squeezed = "".join("".join(c for c in segment.text if c.isalnum()) for segment in made)
        assert squeezed == "".join(word.text for word in words)
        assert [s.start_ms for s in made] == sorted(s.start_ms for s in made)
        assert all(earlier.end_ms <= later.start_ms for earlier, later in itertools.pairwise(made))
    with_text = segments_from_words(words, text)
    assert "".join("".join(segment.text.split()) for segment in with_text) == "".join(text.split())


@given(speech())
def test_no_segment_is_longer_than_a_viewer_can_read(said: tuple[list[Word], str]) -> None:
    words, text = said
    for segment in segments_from_words(words, text):
        assert len(segment.text) <= MAX_SEGMENT_CHARACTERS
        assert segment.end_ms - segment.start_ms <= MAX_SEGMENT_MS
