"""The speech of a job in every form, where responses are streamed."""

from __future__ import annotations

import base64
import json
import math
from array import array
from typing import Any

import pytest

from audio_gateway.api.job_speech import MOST_TRANSCODED_BYTES
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.transcode import transcode
from audio_gateway.jobs.job import Job
from tests.fakes.gateway import Answer, Context, FakeStream, event, stream
from tests.unit.api.test_jobs import Gateway

MINUTE = array("h", (int(8000 * math.sin(at / 20)) for at in range(24_000 * 60))).tobytes()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def spoken(gateway: Gateway, response_format: SpeechFormat, file: bytes | None = None) -> Job:
    """A job that has succeeded, with another result if `file` is given."""
    begun = gateway.say(background=True, response_format=response_format).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    if file is not None:
        gateway.files.put(job.ref, "result", file)
    return job


def request(job: Job, query: dict[str, str]) -> dict[str, Any]:
    given = {name: [value] for name, value in ({"wait": "0"} | query).items()}
    return event("GET", f"/audio/jobs/{job.id}/content", query=given)


def content(gateway: Gateway, job: Job, **query: str) -> Answer:
    return stream(gateway.handlers["jobs"], request(job, query))


def sound_of(events: bytes) -> bytes:
    *deltas, _done, end, _ = events.split(b"\r\n\r\n")
    assert end == b"data: [DONE]"
    return b"".join(base64.b64decode(json.loads(delta.removeprefix(b"data: "))["audio"]) for delta in deltas)


@pytest.mark.parametrize("made", ["wav", "mp3"])
@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
def test_speech_is_sent_in_any_format_with_the_sound_of_a_buffered_response(
    gateway: Gateway, made: SpeechFormat, wanted: SpeechFormat
) -> None:
    job = spoken(gateway, made)
    sent, buffered = (
        content(gateway, job, response_format=wanted),
        gateway.content(job.id, response_format=wanted),
    )
    assert (sent.status, with_true_sizes(wanted, sent.body)) == (200, buffered.body)
    assert sent.headers["content-type"] == buffered.headers["content-type"]
    assert ("content-length" in sent.headers) == (made == wanted)


def test_speech_of_more_than_a_buffered_request_can_convert_is_converted_while_it_is_sent(gateway: Gateway) -> None:
    file = MINUTE * 3
    job = spoken(gateway, "pcm", file)
    assert len(file) > MOST_TRANSCODED_BYTES
    response = FakeStream()
    gateway.handlers["jobs"].stream(request(job, {"response_format": "mp3"}), Context(900_000), response)
    assert len(response.pieces) > 100
    assert response.answer.body == b"".join(
        transcode([file], declared="pcm", sample_rate=24_000, wanted="mp3"),
    )
    assert gateway.content(job.id, response_format="mp3").status == 400


def test_events_of_a_large_file_are_sent_while_it_is_read(gateway: Gateway) -> None:
    job = spoken(gateway, "pcm", MINUTE * 3)
    sent = content(gateway, job, stream_format="sse")
    assert sent.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in sent.headers
    assert sound_of(sent.body) == MINUTE * 3


@pytest.mark.parametrize(
    ("made", "size", "query"),
    [
        ("mp3", 70_000_000, {"response_format": "wav"}),  # 73 minutes, of more than 200 MB
        ("wav", 140_000_000, {"stream_format": "sse"}),
        ("opus", 140_000_000, {"response_format": "mp3"}),  # more than seven hours
    ],
)
def test_what_has_no_room_in_a_response_is_refused_before_it_is_read(
    gateway: Gateway, made: SpeechFormat, size: int, query: dict[str, str]
) -> None:
    job = spoken(gateway, made, bytes(size))
    answer = content(gateway, job, **query)
    assert (answer.status, answer.error["param"], answer.error["code"]) == (
        400,
        "response_format",
        "unsupported_value",
    )
    assert f"response_format={made}&stream_format=audio" in answer.error["message"]


def test_what_there_is_no_time_to_convert_is_refused(gateway: Gateway) -> None:
    job = spoken(gateway, "mp3", bytes(5_000_000))  # five minutes
    response = FakeStream()
    gateway.handlers["jobs"].stream(request(job, {"response_format": "opus"}), Context(12_000), response)
    assert response.answer.status == 400
