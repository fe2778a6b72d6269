"""Responses that are sent while they are made: what is sent, what is charged, and when."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any, cast

import pytest

from audio_gateway.api.http.function_handler import BrokenResponse
from audio_gateway.errors import ProviderUnavailable
from audio_gateway.metering.account import MeteredRequest
from audio_gateway.providers.port import AudioChunk, SynthesisCall
from audio_gateway.response_stream import ClientDisconnected
from tests.fakes.gateway import Context, FakeStream, call, json_event, stream
from tests.unit.api.harness import BODY, AudioHarness

PIECE = b"\1\0" * 80_000


def speech(**fields: Any) -> dict[str, Any]:
    return json_event("/audio/speech", BODY | fields)


class Speaking:
    """A provider that speaks one piece each time it is told to."""

    def __init__(self, *, pieces: int = 3, fails: bool = False) -> None:
        self.go_on = threading.Semaphore(0)
        self.closed = threading.Event()
        self.cancelled = threading.Event()
        self._pieces = pieces
        self._fails = fails

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        cancellation = request.deadline.cancellation
        assert cancellation is not None
        cancellation.add(self.cancelled.set)
        cancellation.add(self.go_on.release)
        try:
            for _ in range(self._pieces):
                assert self.go_on.acquire(timeout=5)
                if cancellation.cancelled:
                    raise ProviderUnavailable("The connection was shut down.", provider="fake", worked=True)
                yield AudioChunk(PIECE, "pcm", 24_000)
            if self._fails:
                raise ProviderUnavailable("The provider has died.", provider="fake", worked=True)
        finally:
            self.closed.set()


def prices(works: list[MeteredRequest]) -> list[int]:
    return [work.price_microusd for work in works]


@pytest.fixture
def harness() -> AudioHarness:
    return AudioHarness()


def started(harness: AudioHarness, request: dict[str, Any], response: FakeStream) -> threading.Thread:
    """Run a request in a thread of its own, as a caller would see it."""
    handler: Any = harness.handlers["speech"]

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        with closing(loop), suppress(BrokenResponse, ClientDisconnected):
            handler.stream(request, Context(900_000), response)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_streamed_response_has_the_bytes_of_a_buffered_one(harness: AudioHarness) -> None:
    buffered, streamed = harness.send(speech()), stream(harness.handlers["speech"], speech())
    assert (streamed.status, streamed.body) == (buffered.status, buffered.body)
    assert streamed.headers["content-type"] == "audio/pcm"
    assert streamed.headers["x-audio-gateway-cost-usd"] == buffered.headers["x-audio-gateway-cost-usd"]
    assert "content-length" not in streamed.headers


@pytest.mark.parametrize("send", [stream, call])
def test_a_thread_without_an_event_loop_gets_one_and_keeps_it(harness: AudioHarness, send: Any) -> None:
    """As the main thread of Python 3.14, other threads have none until one is set."""
    answers, loops = [], set()

    def run() -> None:
        for _ in range(2):
            answers.append(send(harness.handlers["speech"], speech()).status)
            loops.add(asyncio.get_event_loop())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    (loop,) = loops
    loop.close()
    assert answers == [200, 200]


def test_the_first_piece_is_sent_before_the_provider_has_the_second(harness: AudioHarness) -> None:
    provider = harness.provider = Speaking(pieces=2)  # type: ignore[assignment]
    response = FakeStream()
    thread = started(harness, speech(), response)
    provider.go_on.release()
    response.wait_for_pieces(1)
    assert harness.meter.settled == []
    provider.go_on.release()
    thread.join(10)
    assert response.ended
    assert prices(harness.meter.settled) == prices(harness.meter.admitted)


def test_a_provider_that_fails_in_the_middle_leaves_a_body_without_its_end_and_is_free(harness: AudioHarness) -> None:
    provider = harness.provider = Speaking(pieces=1, fails=True)  # type: ignore[assignment]
    provider.go_on.release()
    response, handler = FakeStream(), cast("Any", harness.handlers["speech"])
    with pytest.raises(BrokenResponse):
        handler.stream(speech(), Context(900_000), response)
    assert response.answer.body
    assert not response.ended
    assert harness.meter.settled == []
    assert len(harness.meter.released) == 1


def test_a_caller_who_disconnects_stops_the_provider_and_pays_in_full(harness: AudioHarness) -> None:
    provider = harness.provider = Speaking(pieces=9)  # type: ignore[assignment]
    response = FakeStream(disconnect_after=1)
    thread = started(harness, speech(), response)
    provider.go_on.release()
    thread.join(10)
    assert provider.closed.wait(5)
    assert provider.cancelled.is_set()
    assert prices(harness.meter.settled) == prices(harness.meter.admitted)


def test_an_error_before_the_first_piece_keeps_its_status(harness: AudioHarness) -> None:
    harness.provider = Speaking(pieces=0, fails=True)  # type: ignore[assignment]
    answer = stream(harness.handlers["speech"], speech())
    assert answer.status == 503
