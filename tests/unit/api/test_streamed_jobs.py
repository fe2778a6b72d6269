"""Results of jobs that are sent piece by piece, as they are read from the bucket."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from audio_gateway.api import job_content
from audio_gateway.api.http.function_handler import BrokenResponse
from audio_gateway.errors import InvalidRequest, StorageUnavailable
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import READ_BYTES
from audio_gateway.response_stream import ClientDisconnected
from audio_gateway.transcripts.codec import to_bytes
from tests.fakes.gateway import Answer, Context, FakeStream, event
from tests.unit.api.test_jobs import BACKGROUND, FORMATS, Gateway

pytestmark = pytest.mark.slow

SIZE = 7 * READ_BYTES + 2


class Reader:
    """Reads an object, until it fails with `fails`. `reads` are the ranges that were read."""

    def __init__(self, data: bytes, fails: Exception | None = None, fails_at: int = 0) -> None:
        self.reads: list[tuple[int, int]] = []
        self._data, self._fails, self._fails_at = data, fails, fails_at

    def read(self, start: int, end: int, /) -> bytes:
        if self._fails is not None and start >= self._fails_at:
            raise self._fails
        self.reads.append((start, end))
        return self._data[start:end]


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def spoken(gateway: Gateway) -> Job:
    """A job with a long speech."""
    begun = gateway.say(background=True).json
    job: Job = gateway.run(gateway.store.kept[begun["id"]])
    gateway.files.put(job.ref, "result", bytes(SIZE))
    return job


@pytest.fixture
def heard(gateway: Gateway) -> Job:
    """A job with a transcript."""
    job: Job = gateway.run(gateway.store.kept[gateway.write(BACKGROUND).json["id"]])
    return job


def send(gateway: Gateway, job: Job, response: FakeStream, **query: str) -> None:
    given = {name: [value] for name, value in ({"wait": "0"} | query).items()}
    handler: Any = gateway.handlers["jobs"]
    handler.stream(event("GET", f"/audio/jobs/{job.id}/content", query=given), Context(900_000), response)


def content(gateway: Gateway, job: Job, **query: str) -> Answer:
    response = FakeStream()
    send(gateway, job, response, **query)
    assert response.ended
    return response.answer


def reads(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, reader: Reader) -> Reader:
    monkeypatch.setattr(gateway.files, "reader", lambda _: reader)
    return reader


@pytest.mark.parametrize("response_format", FORMATS)
def test_a_transcript_is_that_of_a_buffered_response(gateway: Gateway, heard: Job, response_format: str) -> None:
    sent, buffered = (
        content(gateway, heard, response_format=response_format),
        gateway.content(heard.id, response_format=response_format),
    )
    assert (sent.status, sent.body) == (200, buffered.body)
    assert sent.headers["content-length"] == str(len(sent.body))
    for name in ("content-type", "x-audio-gateway-model", "x-audio-gateway-cost-usd"):
        assert sent.headers[name] == buffered.headers[name]


def test_events_are_those_of_a_buffered_response(gateway: Gateway, heard: Job) -> None:
    sent = content(gateway, heard, stream="true")
    assert sent.body == gateway.content(heard.id, stream="true").body
    assert sent.body.endswith(b"data: [DONE]\r\n\r\n")
    assert "content-length" not in sent.headers


def test_a_transcript_that_is_too_large_for_a_buffered_response_is_sent(gateway: Gateway, heard: Job) -> None:
    transcript = dataclasses.replace(gateway.transcript(heard), text="a line\n" * 1_000_000)
    gateway.files.put(heard.ref, "result", to_bytes(transcript))
    sent = content(gateway, heard, response_format="text")
    assert (sent.status, len(sent.body)) == (200, 7_000_001)
    assert gateway.results.stored == []


@pytest.mark.parametrize("query", [{"response_format": "mp3"}, {"stream_format": "sse"}, {"partial": "no"}])
def test_a_wrong_query_is_refused_before_anything_is_sent(gateway: Gateway, heard: Job, query: dict[str, str]) -> None:
    assert content(gateway, heard, **query).status == 400


def test_large_speech_is_read_and_sent_piece_by_piece(
    gateway: Gateway, spoken: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = content(gateway, spoken)
    assert (sent.status, len(sent.body)) == (200, SIZE)
    assert sent.headers["content-length"] == str(SIZE)
    reader = reads(gateway, monkeypatch, Reader(bytes(SIZE)))
    with pytest.raises(ClientDisconnected):
        send(gateway, spoken, FakeStream(disconnect_after=READ_BYTES + 1))
    assert reader.reads == [(0, READ_BYTES), (READ_BYTES, 2 * READ_BYTES)]


def test_no_place_is_held_while_a_result_is_sent(
    gateway: Gateway, spoken: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    class Looking(Reader):
        def read(self, start: int, end: int, /) -> bytes:
            taken.append(len(gateway.waits.taken))
            return super().read(start, end)

    reads(gateway, monkeypatch, Looking(bytes(SIZE)))
    states: Iterator[Any] = iter(
        [dataclasses.replace(spoken, status="running", completed_ms=None)]  # the request waits for the second look
    )
    get = gateway.store.get
    monkeypatch.setattr(gateway.store, "get", lambda *given: next(states, None) or get(*given))
    content(gateway, spoken, wait="5")
    assert gateway.waits.calls == 2
    assert set(taken) == {0}


def test_speech_beyond_the_limit_of_a_stream_is_a_link(
    gateway: Gateway, spoken: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_content, "MAX_STREAMED_BYTES", SIZE - 1)
    sent = content(gateway, spoken)
    assert (sent.status, sent.headers["location"]) == (
        303,
        f"https://bucket.example.com/jobs/default/{spoken.id}/result",
    )


def test_a_transcript_beyond_the_limit_of_a_stream_is_a_link(
    gateway: Gateway, heard: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_content, "MAX_STREAMED_BYTES", 10)
    transcript = dataclasses.replace(gateway.transcript(heard), text="a line\n" * 1_000_000)
    gateway.files.put(heard.ref, "result", to_bytes(transcript))
    assert content(gateway, heard, response_format="text").status == 303
    assert len(gateway.results.stored) == 1


@pytest.mark.parametrize(
    ("fails", "status"),
    [(StorageUnavailable("Not now."), 503), (InvalidRequest("It is gone.", code="file_not_found"), 404)],
)
def test_a_bucket_that_fails_before_the_first_piece_keeps_its_status(
    gateway: Gateway, spoken: Job, monkeypatch: pytest.MonkeyPatch, fails: Exception, status: int
) -> None:
    reads(gateway, monkeypatch, Reader(bytes(SIZE), fails))
    assert content(gateway, spoken).status == status


def test_a_bucket_that_fails_later_leaves_a_body_without_its_end(
    gateway: Gateway, spoken: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads(gateway, monkeypatch, Reader(bytes(SIZE), StorageUnavailable("Not now."), fails_at=READ_BYTES))
    response = FakeStream()
    with pytest.raises(BrokenResponse):
        send(gateway, spoken, response)
    assert len(response.answer.body) == READ_BYTES
    assert not response.ended


def test_a_job_that_runs_is_waited_for_as_before(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    sent = content(gateway, gateway.store.kept[begun["id"]])
    assert (sent.status, sent.headers["location"][-5:]) == (303, "hop=1")
