"""A stack with `ResponseStreaming=false`: every answer comes in one piece, within the 29 s of API Gateway."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.upstream import FakeUpstream
from tests.sound import look, tone_wav
from tests.stack.aws import aws_of
from tests.stack.conftest import project
from tests.stack.sdk.wire import Answer, Wire

pytestmark = pytest.mark.stack

CATALOG = """
[providers.upstream]
adapter  = "openai"
base_url = "@UPSTREAM@"

[[models]]
id        = "tts-1"
provider  = "upstream"
endpoints = ["speech"]
price     = { usd_per_million_characters = "1" }

[[models]]
id        = "gpt-4o-transcribe"
provider  = "upstream"
endpoints = ["transcriptions"]
price     = { usd_per_minute = "1" }

[[models]]
id        = "slow"
provider  = "upstream"
endpoints = ["transcriptions"]
price     = { usd_per_minute = "1" }
speed_factor = 0.1
"""
FILE = ("file", ("a.wav", tone_wav(5.0)))
STREAMING = ("SpeechFunction", "TranscriptionsFunction", "TranslationsFunction", "JobsFunction")


@pytest.fixture(scope="module")
def stack(
    start_stack: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("buffered")
    with FakeUpstream() as upstream:
        catalog = folder / "catalog.toml"
        catalog.write_text(CATALOG.replace("@UPSTREAM@", upstream.base_url))
        yield start_stack(project(folder, streams=False), AUDIO_GATEWAY_CATALOG=str(catalog))


@pytest.fixture(scope="module")
def wire(stack: dict[str, Any]) -> Wire:
    return Wire(stack["base_url"], stack["api_key"])


def say(wire: Wire, **fields: Any) -> Answer:
    return wire.speech(**{"model": "tts-1", "voice": "alloy", "input": "Hello.", "response_format": "wav"} | fields)


def in_one_piece(answer: Answer, content_type: str) -> bytes:
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, content_type), answer.body[:300]
    assert "transfer-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body)
    return answer.body


def events(answer: Answer) -> list[dict[str, Any]]:
    lines = in_one_piece(answer, "text/event-stream").decode().splitlines()
    found = [line.removeprefix("data: ") for line in lines if line]
    return [json.loads(each) for each in found if each != "[DONE]"]


def test_the_functions_run_without_the_script_that_streams(stack: dict[str, Any]) -> None:
    functions = aws_of(stack, "lambda").list_functions()["Functions"]
    found = {name: each for each in functions for name in STREAMING if f"-{name}-" in each["FunctionName"]}
    assert sorted(found) == sorted(STREAMING)
    for each in found.values():
        assert (each["Timeout"], each["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"]) == (29, "")


def test_speech_comes_in_one_piece(wire: Wire) -> None:
    assert look(in_one_piece(say(wire), "audio/wav")).seconds == pytest.approx(0.36, abs=0.01)


def test_the_events_of_speech_come_in_one_piece(wire: Wire) -> None:
    assert events(say(wire, stream_format="sse"))[-1]["type"] == "speech.audio.done"


def test_a_transcript_comes_in_one_piece(wire: Wire) -> None:
    answer = wire.transcription(("model", "gpt-4o-transcribe"), FILE)
    assert json.loads(in_one_piece(answer, "application/json"))["text"]


def test_the_events_of_a_transcript_come_in_one_piece(wire: Wire) -> None:
    answer = wire.transcription(("model", "gpt-4o-transcribe"), ("stream", "true"), FILE)
    assert events(answer)[-1]["type"] == "transcript.text.done"


def test_a_large_answer_is_fetched_from_the_bucket(wire: Wire) -> None:
    answer = say(wire, input="a" * 1700)
    assert answer.status == 303
    with urllib.request.urlopen(answer.headers["location"], timeout=30) as large:
        assert look(large.read()).seconds == pytest.approx(102, abs=0.1)


def test_a_text_of_4097_characters_is_refused(wire: Wire) -> None:
    answer = say(wire, input="x" * 4097)
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "input", "string_above_max_length")


def test_audio_that_does_not_fit_into_29_seconds_becomes_a_job(wire: Wire) -> None:
    answer = wire.transcription(("model", "slow"), FILE)
    job_id = answer.headers["x-audio-gateway-job"]
    assert (answer.status, answer.headers["location"]) == (303, f"/v1/audio/jobs/{job_id}/content?wait=25&hop=1")
    assert wire.call("DELETE", f"/audio/jobs/{job_id}").status == 200
