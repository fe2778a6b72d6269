"""The transcripts of chunks become one: each word once, in order, where and when it was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.transcripts.merge import ChunkTranscript, merge
from audio_gateway.transcripts.render import render
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word
from tests.examples import examples

RATE = 16


def chunk(start_ms: int, end_ms: int, transcript: Transcript) -> ChunkTranscript:
    return ChunkTranscript(start_ms * RATE, end_ms * RATE, transcript)


def spoken(text: str, start_ms: int = 0, each_ms: int = 300, speaker: str | None = None) -> tuple[Word, ...]:
    return tuple(
        Word(word, start_ms + i * each_ms, start_ms + i * each_ms + each_ms - 20, speaker)
        for i, word in enumerate(text.split())
    )


def said(text: str, **fields: object) -> Transcript:
    return Transcript(text, 0, **fields)  # type: ignore[arg-type] # fields of a Transcript


def words_of(merged: Transcript) -> list[tuple[str, int, int]]:
    return [(word.text, word.start_ms, word.end_ms) for word in merged.words or ()]


# ---------------------------------------------------------------- cuts in silence
def test_times_count_from_where_each_chunk_was_cut() -> None:
    first = said("One two.", words=spoken("One two", 100), segments=(Segment("One two.", 100, 680),), language="en")
    second = said(
        "Three.", words=spoken("Three", 40), segments=(Segment("Three.", 40, 320, tokens=(1,)),), language="en"
    )
    merged = merge([chunk(0, 1_000, first), chunk(1_000, 2_000, second)], duration_ms=2_000)
    assert merged == Transcript(
        text="One two. Three.",
        duration_ms=2_000,
        language="en",
        words=(Word("One", 100, 380), Word("two", 400, 680), Word("Three", 1_040, 1_320)),
        segments=(Segment("One two.", 100, 680), Segment("Three.", 1_040, 1_320, tokens=(1,))),
    )


def test_nothing_drifts() -> None:
    """Half a sample of error in each of a thousand cuts would be heard at the end."""
    length = 16_000 * 36 + 8  # 36.0005 s
    chunks = [ChunkTranscript(i * length, (i + 1) * length, said("x", words=(Word("x", 5, 9),))) for i in range(1_000)]
    merged = merge(chunks, duration_ms=36_000_500)
    for i, word in enumerate(merged.words or ()):
        assert abs(word.start_ms - (i * 36_000.5 + 5)) <= 0.5


@pytest.mark.parametrize(("samples", "start_ms"), [(7, 0), (8, 1), (15, 1), (16, 1), (24, 2)])
def test_the_place_of_a_chunk_is_rounded_to_the_nearest_millisecond(samples: int, start_ms: int) -> None:
    merged = merge([ChunkTranscript(samples, 1_600, said("x", words=(Word("x", 0, 9),)))], duration_ms=100)
    assert words_of(merged) == [("x", start_ms, start_ms + 9)]


def test_a_chunk_alone_is_the_transcript() -> None:
    transcript = said("Hello.", words=spoken("Hello"), language="en", token_usage=TokenUsage(1, 2, 3))
    merged = merge([chunk(0, 400, transcript)], duration_ms=400)
    assert merged == Transcript("Hello.", 400, "en", spoken("Hello"), token_usage=TokenUsage(1, 2, 3))


@pytest.mark.parametrize("silent", [said(""), said("", words=()), said("", words=(), segments=()), said(" ")])
def test_silence_is_no_reason_to_lose_the_times_of_others(silent: Transcript) -> None:
    heard = said("One.", words=spoken("One"), segments=(Segment("One.", 0, 280),))
    merged = merge([chunk(0, 900, silent), chunk(900, 2_000, heard), chunk(2_000, 3_000, silent)], duration_ms=3_000)
    assert merged.text == "One."
    assert words_of(merged) == [("One", 900, 1_180)]
    assert merged.segments == (Segment("One.", 900, 1_180),)


def test_silence_all_along_is_an_empty_transcript() -> None:
    merged = merge([chunk(0, 900, said("", words=())), chunk(900, 2_000, said("", words=()))], duration_ms=2_000)
    assert merged == Transcript("", 2_000, words=())
    assert render(merged, "srt").body == b"\n"
    assert merge([], duration_ms=0).text == ""


@pytest.mark.parametrize(
    ("texts", "together"),
    [
        (["One.", "Two."], "One. Two."),
        (["今天天气很好。", "我们走吧。"], "今天天气很好。我们走吧。"),
        (["私は", "Bob です"], "私は Bob です"),
        (["안녕하세요.", "네."], "안녕하세요. 네."),
        ([" One. ", "", "\nTwo.\n"], "One. Two."),
    ],
)
def test_texts_are_joined_as_their_script_is_written(texts: list[str], together: str) -> None:
    chunks = [chunk(i * 1_000, (i + 1) * 1_000, said(text)) for i, text in enumerate(texts)]
    assert merge(chunks, duration_ms=9_000).text == together


def test_what_only_some_chunks_have_is_not_given_for_all() -> None:
    timed = said(
        "One.",
        words=spoken("One"),
        segments=(Segment("One.", 0, 280),),
        logprobs=(TokenLogprob("One.", -1, ()),),
        token_usage=TokenUsage(1, 1, 2),
    )
    merged = merge([chunk(0, 900, timed), chunk(900, 2_000, said("Two."))], duration_ms=2_000)
    assert (merged.words, merged.segments, merged.logprobs, merged.token_usage) == (None, None, None, None)
    words_only = said("Two.", words=spoken("Two"))
    merged = merge([chunk(0, 900, timed), chunk(900, 2_000, words_only)], duration_ms=2_000)
    assert [segment.text for segment in merged.segments or ()] == ["One.", "Two."]


def test_the_language_is_that_of_most_of_the_text() -> None:
    def of(*languages_and_texts: tuple[str | None, str]) -> str | None:
        chunks = [chunk(i, i + 1, said(text, language=code)) for i, (code, text) in enumerate(languages_and_texts)]
        return merge(chunks, duration_ms=9).language

    assert of(("de", "Hm."), ("en", "A long sentence."), ("en", "More.")) == "en"
    assert of(("de", "abc"), ("en", "abc")) == "de"
    assert of(("nn", ""), (None, "Hello"), ("en", "Hello")) == "en"
    assert of((None, "Hello")) is None


def test_all_languages_and_all_tokens_are_summed_up() -> None:
    chunks = [
        chunk(0, 1, said("a", languages=("en", "de"), token_usage=TokenUsage(1, 2, 3, 0, 1))),
        chunk(1, 2, said("b", languages=("fr", "de"), token_usage=TokenUsage(10, 20, 30, 5, 5))),
    ]
    merged = merge(chunks, duration_ms=2)
    assert merged.languages == ("en", "de", "fr")
    assert merged.token_usage == TokenUsage(11, 22, 33, 5, 6)


def test_a_missing_chunk_leaves_the_others_in_their_place() -> None:
    """The right neighbour of the missing one shares nothing with the left one, so nothing is taken out of it."""
    chunks = [
        chunk(0, 2_000, said("One two.", words=spoken("One two"))),
        chunk(7_000, 9_000, said("five six.", words=spoken("five six"))),
    ]
    assert words_of(merge(chunks, duration_ms=9_000))[-2:] == [("five", 7_000, 7_280), ("six", 7_300, 7_580)]


# ---------------------------------------------------------------- overlaps
@dataclass(frozen=True)
class Talk:
    """Words of 250 ms in a row, heard by two chunks that overlap from `start_ms` to `end_ms`."""

    words: tuple[str, ...]
    start_ms: int
    end_ms: int

    def heard(self, *, from_ms: int, to_ms: int, jitter: Sequence[int]) -> tuple[Word, ...]:
        """The words that are whole in a chunk, each a little off, as recognisers are."""
        whole = [
            Word(word, at + jitter[i % len(jitter)] - from_ms, at + 230 + jitter[i % len(jitter)] - from_ms)
            for i, (at, word) in enumerate((i * 250, word) for i, word in enumerate(self.words))
            if at >= from_ms and at + 230 <= to_ms
        ]
        return tuple(Word(w.text, max(0, w.start_ms), max(1, w.end_ms)) for w in whole)


FEW_WORDS = ("the", "very", "cat", "sat", "on", "a", "mat", "so", "it", "was")
"""They come again and again, so they are easily confused."""
TALKS = st.builds(
    lambda words, start, length: Talk(tuple(words), start, start + length),
    words=st.lists(st.sampled_from(FEW_WORDS), min_size=40, max_size=60),
    start=st.integers(3_000, 4_000),
    length=st.integers(2_000, 4_000),
)  # fmt: skip
JITTER = st.lists(st.integers(-40, 40), min_size=1, max_size=7)


def test_words_of_the_right_chunk_begin_no_earlier_than_the_last_one_of_the_left_chunk() -> None:
    """Each places its words a little off, and the right one all of them early."""
    left = said("one two", words=(Word("one", 0, 900), Word("two", 1_450, 1_480)))
    right = said("two three four", words=(Word("two", 100, 130), Word("three", 140, 170), Word("four", 1_000, 1_400)))
    merged = merge([chunk(0, 2_000, left), chunk(1_000, 4_000, right)], duration_ms=4_000)
    assert words_of(merged) == [
        ("one", 0, 900), ("two", 1_450, 1_480), ("three", 1_450, 1_450), ("four", 2_000, 2_400),
    ]  # fmt: skip


@given(TALKS, JITTER, JITTER)
@examples(300)
def test_each_word_is_there_once_however_chunks_place_it(
    talk: Talk, jitter: list[int], other_jitter: list[int]
) -> None:
    end_ms = len(talk.words) * 250
    left = talk.heard(from_ms=0, to_ms=talk.end_ms, jitter=jitter)
    right = talk.heard(from_ms=talk.start_ms, to_ms=end_ms, jitter=other_jitter)
    chunks = [
        chunk(0, talk.end_ms, said(" ".join(w.text for w in left).capitalize() + ".", words=left)),
        chunk(talk.start_ms, end_ms, said(" ".join(w.text for w in right).capitalize() + ".", words=right)),
    ]
    merged = merge(chunks, duration_ms=end_ms)
    assert [word.text for word in merged.words or ()] == list(talk.words)
    for i, word in enumerate(merged.words or ()):
        assert abs(word.start_ms - i * 250) <= 50
    assert merged.text.lower().replace(".", "").split() == list(talk.words)


@given(st.lists(st.integers(0, 10_000), min_size=40, max_size=60, unique=True),
       st.integers(3_000, 4_000), st.integers(2_000, 4_000),
       st.sampled_from(["words", "segments", "text"]))  # fmt: skip
@examples(150)
def test_words_cut_in_two_are_neither_kept_nor_doubled(numbers: list[int], start: int, length: int, gives: str) -> None:
    """A recogniser makes something of half a word; what the other chunk heard of it stands."""
    talk = Talk(tuple(f"w{number}" for number in numbers), start, start + length)
    end_ms = len(numbers) * 250
    left = talk.heard(from_ms=0, to_ms=talk.end_ms, jitter=(0,))
    left = (*left, Word("ahem", left[-1].end_ms + 20, talk.end_ms))
    right = talk.heard(from_ms=talk.start_ms, to_ms=end_ms, jitter=(0,))
    right = (Word("umba", 0, right[0].start_ms), *right)
    chunks = [chunk(0, talk.end_ms, given_as(left, gives)), chunk(talk.start_ms, end_ms, given_as(right, gives))]
    merged = merge(chunks, duration_ms=end_ms)
    assert merged.text.split() == list(talk.words)
    if merged.words is not None:
        assert [word.text for word in merged.words] == list(talk.words)
    if merged.segments is not None:
        assert " ".join(segment.text for segment in merged.segments).split() == list(talk.words)


def given_as(words: Sequence[Word], gives: str) -> Transcript:
    text = " ".join(word.text for word in words)
    lines = [words[at : at + 7] for at in range(0, len(words), 7)]
    segments = tuple(
        Segment(" ".join(w.text for w in line), line[0].start_ms, line[-1].end_ms, tokens=(1,)) for line in lines
    )
    if gives == "words":
        return said(text, words=tuple(words), segments=segments)
    return said(text, segments=segments) if gives == "segments" else said(text)


def test_a_segment_across_the_seam_is_shared_out() -> None:
    left = said(
        "So it was. The cat sat on the",
        segments=(Segment("So it was.", 0, 3_000), Segment("The cat sat on the", 3_000, 6_000, tokens=(7,))),
    )
    right = said(
        "cat sat on the mat. Good.",
        segments=(Segment("cat sat on the mat.", 500, 4_000), Segment("Good.", 4_000, 5_000, tokens=(9,))),
    )
    merged = merge([chunk(0, 6_000, left), chunk(3_000, 9_000, right)], duration_ms=9_000)
    assert merged.text == "So it was. The cat sat on the mat. Good."
    assert " ".join(segment.text for segment in merged.segments or ()) == merged.text
    times = [(segment.start_ms, segment.end_ms) for segment in merged.segments or ()]
    assert times == sorted(times)
    assert all(start <= end for start, end in times)
    assert [segment.tokens for segment in merged.segments or ()] == [(), (), (), (9,)], (
        "those of half a segment are unknown"
    )


def test_without_times_the_longest_run_in_common_is_the_seam() -> None:
    left, right = said("It is said that the cat sat on the ma"), said("the cat sat on the mat and that was that")
    merged = merge([chunk(0, 6_000, left), chunk(3_000, 9_000, right)], duration_ms=9_000)
    assert merged.text == "It is said that the cat sat on the mat and that was that"
    left, right = said("今天天气很好我们去公园吧"), said("我们去公园吧好的")
    assert (
        merge([chunk(0, 6_000, left), chunk(3_000, 9_000, right)], duration_ms=9_000).text
        == "今天天气很好我们去公园吧好的"
    )


@pytest.mark.parametrize(
    ("left", "right"), [("One two.", "Three four."), ("One.", ""), ("", "Two."), ("One the", "a the b")]
)
def test_without_anything_in_common_nothing_is_taken_out(left: str, right: str) -> None:
    merged = merge([chunk(0, 6_000, said(left)), chunk(3_000, 9_000, said(right))], duration_ms=9_000)
    assert merged.text == f"{left} {right}".strip()


def test_a_word_that_two_chunks_hear_differently_is_there_once() -> None:
    left = said("a world", words=(Word("a", 0, 1_000), Word("world", 4_300, 4_690)))
    right = said("word be", words=(Word("word", 1_310, 1_710), Word("be", 4_000, 4_200)))
    merged = merge([chunk(0, 6_000, left), chunk(3_000, 9_000, right)], duration_ms=9_000)
    assert len(merged.words or ()) == 3
    assert merged.text in {"a world be", "a word be"}


def test_log_probabilities_leave_with_their_words() -> None:
    def tokens(text: str) -> tuple[TokenLogprob, ...]:
        return tuple(TokenLogprob(f" {word}", -0.5, ()) for word in text.split())

    left = said("one two three four", words=spoken("one two three four", 4_000), logprobs=tokens("one two three four"))
    right = said("three four five", words=spoken("three four five", 600), logprobs=tokens("three four five"))
    merged = merge([chunk(0, 6_000, left), chunk(4_000, 9_000, right)], duration_ms=9_000)
    assert merged.text == "one two three four five"
    assert "".join(token.token for token in merged.logprobs or ()).strip() == merged.text


# ---------------------------------------------------------------- speakers
def turns(*lines: tuple[str, int, int]) -> tuple[Segment, ...]:
    return tuple(Segment(f"w{start}", start, end, speaker) for speaker, start, end in lines)


def speakers(merged: Transcript) -> list[str | None]:
    return [segment.speaker for segment in merged.segments or ()]


def test_speakers_are_the_same_who_speak_at_the_same_time() -> None:
    left = said(
        "w0 w2000 w4000 w6000",
        segments=turns(("A", 0, 1_900), ("B", 2_000, 3_900), ("A", 4_000, 5_900), ("B", 6_000, 7_900)),
    )
    right = said("w0 w2000 w4000", segments=turns(("A", 0, 1_900), ("B", 2_000, 3_900), ("A", 4_000, 5_000)))
    merged = merge([chunk(0, 8_000, left), chunk(6_000, 12_000, right)], duration_ms=12_000)
    # The right chunk's A is the left one's B; its B does not speak in the overlap: it is unknown who that is.
    assert speakers(merged)[:3] == ["A", "B", "A"]
    assert speakers(merged)[-1] == "B"
    assert speakers(merged)[-2] not in {"A", "B"}


def test_without_an_overlap_a_label_is_somebody_else_and_a_known_name_is_not() -> None:
    left = said("w0 w1000", segments=turns(("A", 0, 900), ("Ann", 1_000, 1_900)))
    right = said("w0 w1000", segments=turns(("A", 0, 900), ("Ann", 1_000, 1_900)))
    merged = merge([chunk(0, 2_000, left), chunk(2_000, 4_000, right)], duration_ms=4_000, known_speakers=("Ann",))
    assert speakers(merged)[0] != speakers(merged)[2]
    assert [speakers(merged)[1], speakers(merged)[3]] == ["Ann", "Ann"]
    body = render(merged, "diarized_json", known_speakers=("Ann",)).body.decode()
    assert body.count('"speaker":"Ann"') + body.count('"speaker": "Ann"') == 2


def test_words_have_the_speakers_of_their_segments() -> None:
    left = said("one two", words=spoken("one two", 0, 3_000, "A"))
    right = said("two three", words=spoken("two three", 0, 3_000, "B"))
    merged = merge([chunk(0, 6_000, left), chunk(3_000, 9_000, right)], duration_ms=9_000)
    assert [(word.text, word.speaker) for word in merged.words or ()] == [("one", "A"), ("two", "A"), ("three", "A")]


# ---------------------------------------------------------------- ten hours
@pytest.mark.slow
@pytest.mark.parametrize("overlap_ms", [0, 3_000])
def test_ten_hours_of_words_are_merged(overlap_ms: int) -> None:
    """120 chunks of 300 s with 833 words each are 100,000 words."""
    text = " ".join(f"w{i}" for i in range(833)) + "."
    words = spoken(text[:-1], 0, 360)
    lines = tuple(
        Segment(
            " ".join(w.text for w in words[at : at + 10]), words[at].start_ms, words[at + 9 if at < 830 else 832].end_ms
        )
        for at in range(0, 833, 10)
    )
    chunks = [
        chunk(i * (300_000 - overlap_ms), (i + 1) * 300_000 - i * overlap_ms, said(text, words=words, segments=lines))
        for i in range(120)
    ]
    merged = merge(chunks, duration_ms=36_000_000)
    assert len(merged.words or ()) > 98_000
