"""What callers receive and pay for providers' responses: the handlers over the adapter and a faulty server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.catalog.models import Price
from audio_gateway.providers.openai import OpenAIAdapter
from tests.fakes.gateway import Answer
from tests.fakes.providers import model
from tests.fakes.upstream import FakeUpstream
from tests.sound import tone_wav, wav
from tests.unit.api.harness import Gateway

AUDIO = tone_wav(4.0)
SECOND = tone_wav(1.0, 24_000)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture
def upstream(server: FakeUpstream) -> FakeUpstream:
    server.reset()
    return server


@pytest.fixture
def gateway(upstream: FakeUpstream) -> Gateway:
    adapter = OpenAIAdapter(provider_id="fake", base_url=upstream.base_url, api_key=None, timeout_seconds=30)
    return Gateway(model(price=Price(1_000_000, 1_000_000)), providers=lambda _provider: adapter)


def write(gateway: Gateway, upstream: FakeUpstream, answer: dict[str, Any], *fields: tuple[str, str]) -> Answer:
    upstream.answer(json.dumps(answer))
    return gateway.write(AUDIO, *fields)


VERBOSE = (("response_format", "verbose_json"), ("timestamp_granularities[]", "word"))


@pytest.mark.parametrize("wanted", ["wav", "mp3", "opus", "aac", "flac", "pcm"])
def test_two_files_in_one_answer_are_one_speech_for_one_price(
    wanted: str, gateway: Gateway, upstream: FakeUpstream
) -> None:
    upstream.answer(SECOND + SECOND, "audio/wav")
    answer = gateway.speak(response_format=wanted)
    seconds = len(answer.body) / 48_000 if wanted == "pcm" else measure(answer.body).duration_ms / 1_000
    assert answer.status == 200
    assert seconds == pytest.approx(2.0, abs=0.2)
    assert len(gateway.meter.settled) == 1


@pytest.mark.parametrize("wanted", ["wav", "mp3"])
@pytest.mark.parametrize("body", [wav(b"", 24_000), SECOND + SECOND[44:]])
def test_a_header_alone_and_a_part_of_the_speech_are_failures_that_cost_the_caller_nothing(
    body: bytes, wanted: str, gateway: Gateway, upstream: FakeUpstream
) -> None:
    upstream.answer(body, "audio/wav")
    answer = gateway.speak(response_format=wanted)
    assert (answer.status, answer.error["code"]) == (502, "provider_bad_answer")
    assert (gateway.meter.settled, gateway.meter.open) == ([], [])


def test_words_inside_segments_are_found(gateway: Gateway, upstream: FakeUpstream) -> None:
    word = {"word": " hello", "start": 0.0, "end": 0.48, "t_dtw": -1, "probability": 0.86}
    segment = {"id": 0, "text": " hello", "start": 0.0, "end": 0.5, "tokens": [7751], "words": [word]}
    answer = write(gateway, upstream, {"task": "transcribe", "text": " hello\n", "segments": [segment]}, *VERBOSE)
    assert answer.json["words"] == [{"word": "hello", "start": 0.0, "end": 0.48}]


def test_nanoseconds_make_the_same_subtitles_as_seconds(gateway: Gateway, upstream: FakeUpstream) -> None:
    def cues(scale: int) -> bytes:
        places = [(0.0, 1.5, "one"), (1.5, 3.9, "two")]
        segments = [{"id": i, "start": s * scale, "end": e * scale, "text": t} for i, (s, e, t) in enumerate(places)]
        return write(gateway, upstream, {"text": "one two", "segments": segments}, ("response_format", "srt")).body

    assert cues(1_000_000_000) == cues(1)
    assert b"00:00:01,500 --> 00:00:03,900" in cues(1)


def test_times_that_cannot_be_right_are_a_failure_that_costs_the_caller_nothing(
    gateway: Gateway, upstream: FakeUpstream
) -> None:
    segments = [{"id": 0, "start": 0, "end": 90_000, "text": "one"}]
    answer = write(gateway, upstream, {"text": "one", "segments": segments}, ("response_format", "srt"))
    assert (answer.status, answer.error["code"]) == (502, "provider_bad_answer")
    assert (gateway.meter.settled, gateway.meter.open) == ([], [])


def test_the_text_is_given_whatever_the_fields_beside_it_are(gateway: Gateway, upstream: FakeUpstream) -> None:
    odd = {"text": "hello", "segments": {"a": 1}, "usage": 0.3, "language": ["en"], "words": "none", "logprobs": 3}
    for response_format in ("json", "text"):
        answer = write(gateway, upstream, odd, ("response_format", response_format))
        assert (answer.status, b"hello" in answer.body) == (200, True)
    assert write(gateway, upstream, odd, ("response_format", "srt")).status == 502
    assert len(gateway.meter.settled) == 2
