"""The six formats, byte for byte (contract sections 3.3 and 4), and by the official SDK's own types."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionVerbose,
    Translation,
    TranslationVerbose,
)
from openai.types.audio.transcription_diarized import UsageTokens

from audio_gateway.transcripts.render import GRANULARITIES, RESPONSE_FORMATS, render
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word

TOKENS = TokenUsage(input_tokens=14, output_tokens=45, total_tokens=59, input_text_tokens=0, input_audio_tokens=14)
HELLO = Transcript(
    text="Hello there. Grüße!",
    duration_ms=3700,
    language="en",
    words=(Word("Hello", 0, 400), Word("there.", 400, 1000), Word("Grüße!", 1500, 2700)),
    segments=(
        Segment("Hello there.", 0, 1000, "spk_1", (50364, 2425), 0.0, -0.25, 0.75, 0.01),
        Segment("Grüße!", 1500, 2700, "spk_0"),
    ),
)


def body(transcript: Transcript, response_format: Any, **options: Any) -> str:
    return render(transcript, response_format, **options).body.decode()


def parsed(transcript: Transcript, response_format: Any, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(render(transcript, response_format, **options).body)
    return answer


def test_json_has_the_text_and_whole_seconds_rounded_up() -> None:
    assert body(HELLO, "json") == '{"text":"Hello there. Grüße!","usage":{"type":"duration","seconds":4}}'


def test_json_has_the_providers_tokens_where_it_counted_them() -> None:
    counted = Transcript("Hi", 1000, token_usage=TOKENS)
    assert body(counted, "json") == (
        '{"text":"Hi","usage":{"type":"tokens","input_tokens":14,"output_tokens":45,"total_tokens":59,'
        '"input_token_details":{"text_tokens":0,"audio_tokens":14}}}'
    )


def test_token_details_are_left_out_where_the_provider_gave_none() -> None:
    counted = Transcript("Hi", 1000, token_usage=TokenUsage(1, 2, 3))
    assert "input_token_details" not in parsed(counted, "json")["usage"]


def test_json_has_languages_and_log_probabilities_where_the_provider_gave_them() -> None:
    rich = Transcript("Hi", 1000, languages=("en", "de"), logprobs=(TokenLogprob("Hi", -0.5, (72, 105)),))
    assert body(rich, "json") == (
        '{"text":"Hi","languages":[{"code":"en"},{"code":"de"}],'
        '"logprobs":[{"token":"Hi","logprob":-0.5,"bytes":[72,105]}],"usage":{"type":"duration","seconds":1}}'
    )


def test_text_is_the_transcript_and_a_line_break() -> None:
    assert body(HELLO, "text") == "Hello there. Grüße!\n"


def test_srt_is_numbered_cues_and_one_more_line_break() -> None:
    assert body(HELLO, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,000\nHello there.\n\n2\n00:00:01,500 --> 00:00:02,700\nGrüße!\n\n\n"
    )


def test_vtt_is_a_header_and_cues() -> None:
    assert body(HELLO, "vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello there.\n\n00:00:01.500 --> 00:00:02.700\nGrüße!\n\n"
    )


SEGMENTS = (
    '"segments":[{"id":0,"seek":0,"start":0.0,"end":1.0,"text":" Hello there.","tokens":[50364,2425],'
    '"temperature":0.0,"avg_logprob":-0.25,"compression_ratio":0.75,"no_speech_prob":0.01},'
    '{"id":1,"seek":150,"start":1.5,"end":2.7,"text":" Grüße!","tokens":[],'
    '"temperature":0.0,"avg_logprob":0.0,"compression_ratio":0.0,"no_speech_prob":0.0}]'
)
WORDS = (
    '"words":[{"word":"Hello","start":0.0,"end":0.4},{"word":"there","start":0.4,"end":1.0},'
    '{"word":"Grüße","start":1.5,"end":2.7}]'
)
HEAD = '{"task":"transcribe","language":"english","duration":3.7,"text":"Hello there. Grüße!",'
USAGE = '"usage":{"type":"duration","seconds":4}}'


@pytest.mark.parametrize(
    ("granularities", "listed"),
    [
        ((), SEGMENTS),
        (("segment",), SEGMENTS),
        (("word",), WORDS),
        (("word", "segment"), f"{SEGMENTS},{WORDS}"),
    ],
)
def test_verbose_json_lists_what_was_asked_for(granularities: tuple[Any, ...], listed: str) -> None:
    assert body(HELLO, "verbose_json", granularities=granularities) == f"{HEAD}{listed},{USAGE}"


def test_verbose_json_counts_seconds_even_where_the_provider_counts_tokens() -> None:
    counted = Transcript("Hi", 1700, "de", segments=(Segment("Hi", 0, 1700),), token_usage=TOKENS)
    answer = parsed(counted, "verbose_json")
    assert answer["usage"] == {"type": "duration", "seconds": 2}
    assert (answer["duration"], answer["language"]) == (1.7, "german")


def test_a_language_that_is_not_known_is_called_unknown() -> None:
    assert parsed(Transcript("", 0, segments=()), "verbose_json")["language"] == "unknown"


def test_diarized_json_letters_speakers_by_their_first_word() -> None:
    assert body(HELLO, "diarized_json") == (
        '{"task":"transcribe","duration":3.7,"text":"Hello there. Grüße!","segments":['
        '{"type":"transcript.text.segment","id":"seg_0","start":0.0,"end":1.0,"text":" Hello there.","speaker":"A"},'
        '{"type":"transcript.text.segment","id":"seg_1","start":1.5,"end":2.7,"text":" Grüße!","speaker":"B"}],' + USAGE
    )


def test_diarized_json_keeps_the_callers_names() -> None:
    answer = parsed(HELLO, "diarized_json", known_speakers=["spk_1"])
    assert [segment["speaker"] for segment in answer["segments"]] == ["spk_1", "A"]


def test_diarized_json_counts_tokens_where_the_provider_does() -> None:
    counted = Transcript("Hi", 1700, segments=(Segment("Hi", 0, 1, "A"),), token_usage=TOKENS)
    assert parsed(counted, "diarized_json")["usage"]["type"] == "tokens"


def test_a_translation_is_english_and_has_no_usage_and_no_words() -> None:
    counted = Transcript("Hello", 1700, "de", words=(Word("Hello", 0, 400),), token_usage=TOKENS)
    assert body(counted, "json", task="translate") == '{"text":"Hello"}'
    answer = parsed(counted, "verbose_json", task="translate", granularities=["word"])
    assert list(answer) == ["task", "language", "duration", "text", "segments"]
    assert (answer["task"], answer["language"]) == ("translate", "english")
    assert answer["segments"][0]["text"] == " Hello"


def test_segments_are_made_from_words_where_a_provider_gives_only_those() -> None:
    spoken = Transcript("One. Two.", 2000, words=(Word("one", 0, 500), Word("two", 600, 1000)))
    assert (
        body(spoken, "srt") == "1\n00:00:00,000 --> 00:00:00,500\nOne.\n\n2\n00:00:00,600 --> 00:00:01,000\nTwo.\n\n\n"
    )


@pytest.mark.parametrize(
    ("response_format", "expected"),
    [
        ("text", "\n"),
        ("srt", "\n"),
        ("vtt", "WEBVTT\n\n"),
        ("json", '{"text":"","usage":{"type":"duration","seconds":1}}'),
    ],
)
@pytest.mark.parametrize("silence", [Transcript("", 900), Transcript("", 900, words=(), segments=())])
def test_silence_is_a_valid_empty_file(response_format: Any, expected: str, silence: Transcript) -> None:
    assert body(silence, response_format) == expected


@pytest.mark.parametrize("response_format", ["srt", "vtt", "verbose_json", "diarized_json"])
def test_text_without_any_times_is_not_given_invented_ones(response_format: Any) -> None:
    with pytest.raises(ValueError, match="neither segments nor words"):
        render(Transcript("Hello", 900), response_format)


@pytest.mark.parametrize("response_format", RESPONSE_FORMATS)
def test_content_types_are_json_or_plain_text(response_format: Any) -> None:
    is_json = response_format.endswith("json")
    expected = "application/json" if is_json else "text/plain; charset=utf-8"
    assert render(HELLO, response_format).content_type == expected


@pytest.mark.parametrize("response_format", RESPONSE_FORMATS)
def test_half_a_character_from_a_provider_is_replaced(response_format: Any) -> None:
    broken = Transcript("a\ud83d", 900, segments=(Segment("a\ud83d", 0, 900, "A"),))
    assert "a\ufffd" in body(broken, response_format)


def test_figures_that_json_cannot_write_are_replaced() -> None:
    odd = Segment("x", 0, 1, None, (), math.nan, -math.inf, math.inf, math.nan)
    transcript = Transcript("x", 1, segments=(odd,), logprobs=(TokenLogprob("x", -math.inf, (120,)),))
    segment = parsed(transcript, "verbose_json")["segments"][0]
    assert (segment["avg_logprob"], segment["compression_ratio"], segment["no_speech_prob"]) == (-9999.0, 0.0, 0.0)
    assert parsed(transcript, "json")["logprobs"][0]["logprob"] == -9999.0


@pytest.mark.parametrize(
    ("said", "word"),
    [(" «Hello,» ", "Hello"), ("dogs'", "dogs'"), ("-5", "-5"), ("50%.", "50%"), ("well-known", "well-known"),
     ("「こんにちは。」", "こんにちは"), ("$3", "$3"), ("(U.S.)", "U.S")],
)  # fmt: skip
def test_words_lose_the_punctuation_around_them(said: str, word: str) -> None:
    spoken = Transcript(said, 900, words=(Word(said, 0, 900),))
    assert parsed(spoken, "verbose_json", granularities=["word"])["words"][0]["word"] == word


def test_a_word_that_is_only_punctuation_is_no_word() -> None:
    spoken = Transcript("Well … yes", 900, words=(Word("Well", 0, 1), Word("…", 1, 2), Word("yes", 2, 3)))
    words = parsed(spoken, "verbose_json", granularities=["word"])["words"]
    assert [word["word"] for word in words] == ["Well", "yes"]


moments = st.integers(0, 400_000_000)
texts = st.text(st.characters(codec=None), max_size=30)
segments = st.builds(
    Segment,
    text=texts,
    start_ms=moments,
    end_ms=moments,
    speaker=st.none() | texts,
    tokens=st.lists(st.integers(0, 60000), max_size=3).map(tuple),
    temperature=st.floats(),
    avg_logprob=st.floats(),
    compression_ratio=st.floats(),
    no_speech_prob=st.floats(),
)
counts = st.integers(0, 10**9)
transcripts = st.builds(
    Transcript,
    text=texts,
    duration_ms=moments,
    language=st.none() | st.sampled_from(["en", "de", "xx"]),
    words=st.none() | st.lists(st.builds(Word, texts, moments, moments), max_size=3).map(tuple),
    segments=st.lists(segments, max_size=3).map(tuple),
    languages=st.none() | st.lists(st.sampled_from(["en", "de"])).map(tuple),
    logprobs=st.none()
    | st.lists(
        st.builds(TokenLogprob, texts, st.floats(), st.lists(st.integers(0, 255), max_size=3).map(tuple)), max_size=2
    ).map(tuple),
    token_usage=st.none() | st.builds(TokenUsage, counts, counts, counts, st.none() | counts, st.none() | counts),
)


@given(transcripts, st.sets(st.sampled_from(GRANULARITIES)))
def test_every_json_answer_is_valid_for_the_sdks_own_types(transcript: Transcript, granularities: set[Any]) -> None:
    options = {"granularities": granularities}
    for response_format, task, model in (
        ("json", "transcribe", Transcription),
        ("verbose_json", "transcribe", TranscriptionVerbose),
        ("diarized_json", "transcribe", TranscriptionDiarized),
        ("json", "translate", Translation),
        ("verbose_json", "translate", TranslationVerbose),
    ):
        answer = parsed(transcript, response_format, task=task, **options)
        model.model_validate(answer, strict=True)
        assert set(answer) <= set(model.model_fields) | {"task"}


def test_the_sdks_strict_types_would_notice_a_wrong_usage() -> None:
    # Guards the test above: validation in strict mode does look inside.
    assert "tokens" in get_args(UsageTokens.model_fields["type"].annotation)
    with pytest.raises(ValueError, match="usage"):
        TranscriptionVerbose.model_validate(
            {"duration": 1.0, "language": "english", "text": "", "usage": {"type": "tokens", "total_tokens": 1}},
            strict=True,
        )
