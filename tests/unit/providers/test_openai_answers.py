"""An upstream's JSON as a transcript."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.source import AudioSource
from audio_gateway.deadline import Deadline
from audio_gateway.providers.openai.answers import transcript
from audio_gateway.providers.openai.fields import Malformed, parse
from audio_gateway.providers.openai.times import TimeConverter
from audio_gateway.providers.port import TranscriptionCall
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word
from tests.fakes.providers import with_options

REQUEST = TranscriptionCall("whisper-1", AudioSource(b"", "wav", 4_000, 16_000, 1), Deadline(0))
EVERYTHING = with_options(REQUEST, want_words=True, want_segments=True, logprobs=True)


def read(answer: object, **options: object) -> Transcript:
    return transcript(parse(json.dumps(answer)), with_options(REQUEST, **options))


def read_all(answer: object) -> Transcript:
    """With words, segments and logprobs asked for."""
    return transcript(parse(json.dumps(answer)), EVERYTHING)


def test_text_alone_is_enough() -> None:
    assert read({"text": " Hello. "}) == Transcript("Hello.", 4_000)


def test_a_verbose_answer() -> None:
    segment = {"id": 0, "seek": 0, "start": 0.0, "end": 3.32, "text": " Hello there", "tokens": [50364, 2425],
               "temperature": 0.2, "avg_logprob": -0.3, "compression_ratio": 1.5, "no_speech_prob": 0.01}  # fmt: skip
    found = read({"task": "transcribe", "language": "english", "duration": 99.9, "text": "Hello there",
                  "segments": [segment],
                  "words": [{"word": "Hello", "start": 0, "end": 0.5}, {"word": " there", "start": 0.5, "end": 3.3205}],
                  "usage": {"type": "duration", "seconds": 100}})  # fmt: skip
    assert found == Transcript(
        "Hello there", 4_000, "en",
        words=(Word("Hello", 0, 500), Word("there", 500, 3_321)),
        segments=(Segment("Hello there", 0, 3_320, None, (50364, 2425), 0.2, -0.3, 1.5, 0.01),),
    )  # fmt: skip


def test_speakers_tokens_logprobs_and_languages_are_kept() -> None:
    found = read({
        "text": "Hi", "segments": [{"id": "seg_0", "start": 0, "end": 1, "text": " Hi", "speaker": "A"}],
        "languages": [{"code": "de"}], "logprobs": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105]}],
        "usage": {"type": "tokens", "input_tokens": 5, "output_tokens": 2, "total_tokens": 7,
                  "input_token_details": {"text_tokens": 1, "audio_tokens": 4}},
    })  # fmt: skip
    assert found.segments == (Segment("Hi", 0, 1_000, "A"),)
    assert (found.languages, found.language) == (("de",), "de")
    assert found.logprobs == (TokenLogprob("Hi", -0.5, (72, 105)),)
    assert found.token_usage == TokenUsage(5, 2, 7, 1, 4)


@pytest.mark.parametrize(
    ("said", "asked", "code"),
    [("english", None, "en"), ("German", None, "de"), ("fr", "de", "fr"), ("gibberish", "de", "de"), (None, "de", "de"),
     (None, None, None)],
)  # fmt: skip
def test_languages_are_codes(said: str | None, asked: str | None, code: str | None) -> None:
    assert read({"text": "", "language": said}, language=asked).language == code


def test_a_translation_is_english_whatever_was_spoken() -> None:
    assert read({"text": "Hi", "language": "german"}, task="translate").language == "en"


def test_the_duration_is_ours() -> None:
    assert read({"text": "", "duration": 1.0}).duration_ms == 4_000


@pytest.mark.parametrize(
    ("seconds", "ms"),
    [(0, 0), (1.0005, 1_001), (1.0004999, 1_000), (0.0015, 2), (2.675, 2_675), (-1, 0), (99, 4_000), (1e299, 4_000)],
)
def test_seconds_become_milliseconds_rounded_half_up_within_the_audio(seconds: float, ms: int) -> None:
    assert TimeConverter(4_000).ms(seconds) == ms


@given(st.lists(st.tuples(*[st.none() | st.floats(-0.4, 30)] * 2), min_size=1, max_size=5))
def test_nothing_ends_before_it_starts_or_after_the_audio(times: list[tuple[float | None, float | None]]) -> None:
    said = [{"word": "x", "start": start, "end": end} for start, end in times]
    words = read({"text": "x", "words": said}).words or ()
    assert all(0 <= word.start_ms <= word.end_ms <= 4_000 for word in words)


@pytest.mark.parametrize(
    "answer",
    [
        {
            "text": "",
            "segments": None,
            "words": None,
            "usage": None,
            "logprobs": None,
            "languages": None,
            "language": None,
        },
        {"text": "", "new": {"field": [1]}, "segments": [{"text": "", "new": 1}], "usage": {"type": "magic"}},
        {"text": "", "usage": {"type": "tokens", "input_tokens": 1}},
        {"text": "", "segments": [], "words": []},
    ],
)
def test_what_is_missing_or_unknown_does_no_harm(answer: dict[str, object]) -> None:
    assert read(answer).text == ""


WORD = {"word": "a", "start": 0.0, "end": 1.0}
SEGMENT = {"text": "a", "start": 0.0, "end": 1.0}


@pytest.mark.parametrize("answer", [[], "text", 3, None, {}, {"text": None}, {"text": 3}, {"text": ["a"]}])
def test_without_a_text_there_is_no_answer(answer: object) -> None:
    with pytest.raises(Malformed):
        read(answer)


WRONG: list[dict[str, object]] = [
    {"segments": "none"}, {"segments": ["a"]}, {"segments": [SEGMENT | {"start": "0"}]},
    {"segments": [SEGMENT | {"text": 3}]}, {"segments": [{"text": "a"}]}, {"segments": {"segments": ["a"]}},
    {"words": [WORD | {"word": 1}]}, {"words": {}}, {"words": ["a"]}, {"words": [WORD | {"start": True}]},
    {"words": [WORD | {"start": float("nan")}]}, {"words": [WORD | {"end": float("inf")}]},
    {"words": [WORD | {"end": 10**400}]}, {"words": [{"word": "a"}]},
    {"words": [WORD | {"start": 0.0, "end": 0.0}]}, {"words": [WORD | {"start": -9.0}]},
    {"logprobs": [{"bytes": "ab"}]}, {"logprobs": {}}, {"logprobs": [{"token": 1}]},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_was_asked_for_and_is_of_the_wrong_shape_is_malformed(wrong: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read_all({"text": "a", **wrong})


@pytest.mark.parametrize("wrong", WRONG)
def test_a_malformed_field_that_was_not_requested_is_ignored(wrong: dict[str, object]) -> None:
    found = read({"text": "a", **wrong})
    assert (found.text, found.words, found.segments, found.logprobs) == ("a", None, None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": 3}, {"language": ["en"]}, {"languages": [{"code": 1}]}, {"languages": "en"}, {"usage": []},
        {"usage": 1.5}, {"usage": {"input_tokens": 1.5, "output_tokens": 1, "total_tokens": 2}},
        {"usage": {"type": 1}}, {"duration": "long"}, {"task": {}},
    ],
)  # fmt: skip
def test_a_malformed_field_that_cannot_be_requested_is_ignored(wrong: dict[str, object]) -> None:
    answer = {"text": "a", "words": [WORD], "segments": [SEGMENT], **wrong}
    found = read_all(answer)
    assert (found.words, found.segments) == ((Word("a", 0, 1_000),), (Segment("a", 0, 1_000),))
    assert (found.language, found.token_usage) == (None, None)


def test_words_are_not_lost_with_segments_that_were_not_requested_nor_the_other_way_round() -> None:
    found = read({"text": "a", "words": [WORD], "segments": ["a"]}, want_words=True)
    assert (found.words, found.segments) == ((Word("a", 0, 1_000),), None)
    found = read({"text": "a", "words": ["a"], "segments": [SEGMENT]}, want_segments=True)
    assert (found.words, found.segments) == (None, (Segment("a", 0, 1_000),))


def test_a_decoder_s_figures_of_the_wrong_type_are_not_reported() -> None:
    figures = {"tokens": ["a"], "temperature": "hot", "avg_logprob": float("nan"), "compression_ratio": [], "id": "x"}
    found = read_all({"text": "a", "words": [WORD], "segments": [SEGMENT | figures | {"speaker": {}}]})
    assert found.segments == (Segment("a", 0, 1_000),)


def test_speakers_are_names_or_numbers_and_checked_where_they_were_asked_for() -> None:
    for said, speaker in (("SPEAKER_00", "SPEAKER_00"), (0, "0"), (None, None)):
        (segment,) = read({"text": "a", "segments": [SEGMENT | {"speaker": said}]}, diarize=True).segments or ()
        assert segment.speaker == speaker
    with pytest.raises(Malformed):
        read({"text": "a", "segments": [SEGMENT | {"speaker": {}}]}, diarize=True)


# ------------------------------------------------------------------------------------------------ where words are

HELLO = [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": " there", "start": 0.5, "end": 3.32}]
SEGMENTS = [{"id": 0, "start": 0.0, "end": 3.32, "text": " Hello there"}]


@pytest.mark.parametrize(
    "lists",
    [
        {"segments": SEGMENTS, "words": HELLO},
        {"segments": [SEGMENTS[0] | {"words": HELLO}]},
        {"segments": [SEGMENTS[0] | {"words": HELLO}], "words": None},
        {"segments": [SEGMENTS[0] | {"words": HELLO}], "words": []},
        {"segments": [{"start": 0, "end": 0.5, "text": "Hello", "words": HELLO[:1]},
                      {"start": 0.5, "end": 3.32, "text": "there", "words": HELLO[1:]}]},
        {"segments": SEGMENTS, "word_segments": HELLO},
        {"segments": {"segments": SEGMENTS, "word_segments": HELLO}},
        {"segments": {"segments": [SEGMENTS[0] | {"words": HELLO}]}},
        {"segments": SEGMENTS, "words": [{"text": each["word"], "start": each["start"], "end": each["end"]}
                                         for each in HELLO]},
    ],
)  # fmt: skip
def test_words_are_taken_from_where_servers_put_them(lists: dict[str, object]) -> None:
    found = read_all({"text": "Hello there", **lists})
    assert found.words == (Word("Hello", 0, 500), Word("there", 500, 3_320))
    assert found.segments is not None
    assert (found.segments[0].start_ms, found.segments[-1].end_ms) == (0, 3_320)


def test_a_word_without_times_lies_between_its_neighbours() -> None:
    said = [{"word": "In"}, {"word": "the", "start": 1.0, "end": 1.5}, {"word": "1980s"},
            {"word": "it", "start": 2.5, "end": 3.0}, {"word": "7"}]  # fmt: skip
    assert read_all({"text": "In the 1980s it 7", "words": said}).words == (
        Word("In", 0, 1_000), Word("the", 1_000, 1_500), Word("1980s", 1_500, 2_500), Word("it", 2_500, 3_000),
        Word("7", 3_000, 3_000),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ the unit of times


@pytest.mark.parametrize("per_second", [1, 100, 1_000, 16_000, 1_000_000, 10_000_000, 1_000_000_000])
@pytest.mark.parametrize(("start", "end"), [(0.0, 3.32), (0.5, 1.0), (3.0, 4.2)])
def test_times_in_another_unit_are_converted(per_second: int, start: float, end: float) -> None:
    place = {"start": int(start * per_second), "end": int(end * per_second)} if per_second > 1 else {
        "start": start, "end": end}  # fmt: skip
    found = read_all({"text": "a", "words": [{"word": "a", **place}], "segments": [{"text": "a", **place}]})
    assert found.words == (Word("a", int(start * 1_000), min(int(end * 1_000), 4_000)),)
    assert found.segments == (Segment("a", int(start * 1_000), min(int(end * 1_000), 4_000)),)


@pytest.mark.parametrize("end", [4.0, 5.5, 30.0, 34.0])
def test_a_segment_up_to_the_end_of_whisper_s_window_is_clamped(end: float) -> None:
    (segment,) = read_all({"text": "a", "segments": [{"text": "a", "start": 1.0, "end": end}]}).segments or ()
    assert (segment.start_ms, segment.end_ms) == (1_000, 4_000)


@pytest.mark.parametrize("times", [(0, 50), (0, 10_000), (0, 90_000), (0, 10**15)])
def test_times_of_no_evident_unit_are_malformed_and_never_clamped(times: tuple[int, int]) -> None:
    with pytest.raises(Malformed, match="times"):
        read_all({"text": "a", "words": [{"word": "a", "start": times[0], "end": times[1]}]})


def test_times_that_could_be_in_two_units_are_malformed() -> None:
    """Samples, of the file that was sent or of what models hear: 3 s or 4.5 s."""
    request = replace(EVERYTHING, audio=AudioSource(b"", "wav", 4_000, 24_000, 1))
    words = [{"word": "a", "start": 0, "end": 72_000}]
    with pytest.raises(Malformed, match="times"):
        transcript(parse(json.dumps({"text": "a", "words": words})), request)


def test_words_that_all_begin_behind_the_end_are_of_another_unit() -> None:
    """Hundredths of a second of which the last is less than a window."""
    words = [{"word": "a", "start": 5 * i, "end": 5 * i + 5} for i in range(1, 6)]
    request = replace(EVERYTHING, audio=AudioSource(b"", "wav", 400, 16_000, 1))
    found = transcript(parse(json.dumps({"text": "a a", "words": words})), request)
    assert [word.start_ms for word in found.words or ()] == [50, 100, 150, 200, 250]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"text": "caf\xe9"}', b"<html>", b"[" * 100_000])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body)
