"""An upstream's JSON as a transcript."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.source import AudioSource
from audio_gateway.deadline import Deadline
from audio_gateway.providers.openai.answers import Clock, Malformed, parse, transcript
from audio_gateway.providers.port import TranscriptionRequest
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word

REQUEST = TranscriptionRequest("whisper-1", AudioSource(b"", "wav", 4_000, 16_000, 1), Deadline(0))


def read(answer: object, **options: object) -> Transcript:
    return transcript(parse(json.dumps(answer)), replace(REQUEST, **options))  # type: ignore[arg-type] # any option


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
    assert Clock(4_000).ms(seconds) == ms


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_nothing_ends_before_it_starts_or_after_the_audio(start: float, end: float) -> None:
    (word,) = read({"text": "x", "words": [{"word": "x", "start": start, "end": end}]}).words or ()
    assert 0 <= word.start_ms <= word.end_ms <= 4_000


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


@pytest.mark.parametrize(
    "answer",
    [
        [], "text", 3, None, {}, {"text": None}, {"text": 3}, {"text": ["a"]}, {"text": "", "segments": {}},
        {"text": "", "segments": ["a"]}, {"text": "", "segments": [{"start": "0"}]},
        {"text": "", "words": [{"word": 1}]},
        {"text": "", "words": [{"word": "a", "start": True}]}, {"text": "", "language": 3}, {"text": "", "usage": []},
        {"text": "", "usage": {"input_tokens": 1.5, "output_tokens": 1, "total_tokens": 2}},
        {"text": "", "segments": [{"tokens": ["a"]}]}, {"text": "", "logprobs": [{"bytes": "ab"}]},
        {"text": "", "words": [{"word": "a", "start": float("nan")}]},
        {"text": "", "words": [{"word": "a", "end": float("inf")}]},
        {"text": "", "words": [{"word": "a", "end": 10**400}]}, {"text": "", "languages": [{"code": 1}]},
    ],
)  # fmt: skip
def test_what_is_of_the_wrong_type_is_malformed(answer: object) -> None:
    with pytest.raises(Malformed):
        read(answer)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"text": "caf\xe9"}', b"<html>", b"[" * 100_000])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body)
