"""Responses that a generator makes: what is sent, and what becomes of the generator."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest

from audio_gateway.api.http.sse import KEEP_ALIVE
from audio_gateway.api.http.streamed import End, Head, Items, Sending, StreamedResponse
from audio_gateway.api.http.watcher import Watcher
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderTimedOut, ProviderUnavailable
from audio_gateway.response_stream import ClientDisconnected
from audio_gateway.telemetry import RequestLog
from tests.fakes.gateway import FakeStream

HEAD = Head(200, {"content-type": "text/event-stream"})


class Looking(Watcher):
    """A watcher that looks only when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], None] = lambda: None

    @contextmanager
    def calling(self, look: Callable[[], None]) -> Iterator[None]:
        """Keep `look`."""
        self.look = look
        yield


class Exchange:
    """One response, sent to a caller who may disconnect. `events` are what happened, in order."""

    def __init__(self, *, seconds: float = 60.0, keep_alive_s: float = 0.0, as_events: bool = True) -> None:
        self.watcher = Looking()
        self.caller = FakeStream()
        self.log = RequestLog("req_1", "speech", "POST", None)
        deadline = Deadline.after(seconds)
        self.sending = Sending(self.caller, deadline, deadline, self.log)
        self.messages: list[MutableMapping[str, Any]] = []
        self.events: list[str] = []
        self.refuses: type[Exception] | None = None
        self._keep_alive_s, self._as_events = keep_alive_s, as_events

    async def take(self, message: MutableMapping[str, Any]) -> None:
        """Take a message of the app, as a server."""
        if self.refuses is not None:
            raise self.refuses
        self.messages.append(message)

    def run(self, items: Items) -> None:
        """Send the response."""
        response = StreamedResponse(
            items, self.sending, as_events=self._as_events, watcher=self.watcher, keep_alive_s=self._keep_alive_s
        )
        coroutine = response({}, None, self.take)  # type: ignore[arg-type]
        with pytest.raises(StopIteration):
            coroutine.send(None)

    @property
    def body(self) -> list[bytes]:
        """The pieces of the body."""
        return [message["body"] for message in self.messages if message.get("body")]

    @property
    def ended(self) -> bool:
        """Whether the body has its end."""
        return any(message.get("more_body") is False for message in self.messages)

    @property
    def error(self) -> dict[str, Any]:
        """The error in the last event."""
        error: dict[str, Any] = json.loads(self.body[-1].removeprefix(b"data: "))["error"]
        return error


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def test_a_silent_stream_of_events_begins_with_a_comment_and_then_gets_its_pieces(exchange: Exchange) -> None:
    def items() -> Items:
        exchange.watcher.look()
        yield Head(200, {"x-model": "late"})
        yield b"data: 1\r\n\r\n"
        exchange.watcher.look()

    exchange.run(items())
    assert exchange.body == [KEEP_ALIVE, b"data: 1\r\n\r\n", KEEP_ALIVE]
    assert [message["type"] for message in exchange.messages].count("http.response.start") == 1
    assert exchange.ended


def test_no_comment_is_sent_before_its_time_nor_into_other_bodies() -> None:
    for exchange in (Exchange(keep_alive_s=60), Exchange(as_events=False)):

        def items(exchange: Exchange = exchange) -> Items:
            exchange.watcher.look()
            yield HEAD
            exchange.watcher.look()
            yield b"x"

        exchange.run(items())
        assert exchange.body == [b"x"]


def test_no_comment_follows_the_end(exchange: Exchange) -> None:
    def items() -> Items:
        yield HEAD
        yield End()
        exchange.watcher.look()

    exchange.run(items())
    assert exchange.body == []
    assert exchange.ended


def test_an_error_before_the_head_is_raised_and_no_comment_follows_it(exchange: Exchange) -> None:
    def items() -> Items:
        if exchange:
            raise ProviderUnavailable("It is down.", provider="fake")
        yield HEAD

    response = StreamedResponse(items(), exchange.sending, as_events=True, watcher=exchange.watcher, keep_alive_s=0.0)
    with pytest.raises(ProviderUnavailable):
        response({}, None, exchange.take).send(None)  # type: ignore[arg-type]
    exchange.watcher.look()
    assert exchange.messages == []


def test_an_error_after_an_early_comment_is_an_event(exchange: Exchange) -> None:
    def items() -> Items:
        exchange.watcher.look()
        if exchange:
            raise ProviderUnavailable("It is down.", provider="fake")
        yield HEAD

    exchange.run(items())
    assert exchange.body[0] == KEEP_ALIVE
    assert exchange.error["message"] == "It is down."
    assert set(exchange.error) == {"message", "type", "param", "code"}
    assert exchange.ended
    assert exchange.log.error == "ProviderUnavailable"


def test_a_redirect_after_an_early_comment_is_an_error_that_names_its_target(exchange: Exchange) -> None:
    def items() -> Items:
        exchange.watcher.look()
        yield Head(303, {"location": "/v1/audio/jobs/job_1/content"})
        yield b"{}"

    exchange.run(items())
    assert exchange.error["code"] == "still_running"
    assert "/v1/audio/jobs/job_1/content" in exchange.error["message"]
    assert len(exchange.body) == 2


def test_a_caller_who_disconnects_while_nothing_is_sent_has_the_work_cancelled(exchange: Exchange) -> None:
    def items() -> Items:
        yield HEAD
        exchange.caller = exchange.sending.stream = FakeStream(disconnect_after=0)
        exchange.watcher.look()
        assert exchange.sending.cancellation.by_client
        raise ProviderUnavailable("The connection was shut down.", provider="fake")

    exchange.run(items())
    assert exchange.log.disconnected
    assert exchange.log.error is None
    assert not exchange.ended


def test_an_answer_that_is_kept_is_not_cancelled_when_its_caller_disconnects(exchange: Exchange) -> None:
    def items() -> Items:
        yield Head(200, {}, runs_on=True)
        exchange.sending.stream = FakeStream(disconnect_after=0)
        exchange.refuses = ClientDisconnected
        exchange.watcher.look()
        yield b"x"
        exchange.events.append("kept")

    exchange.run(items())
    assert not exchange.sending.cancellation.cancelled
    assert exchange.events == ["kept"]
    assert exchange.log.disconnected


def test_a_caller_who_disconnects_while_a_piece_is_sent_has_the_generator_closed(exchange: Exchange) -> None:
    def items() -> Items:
        try:
            yield HEAD
            exchange.refuses = ClientDisconnected
            yield b"x"
            yield b"y"
        finally:
            exchange.events.append(f"closed, by client: {exchange.sending.cancellation.by_client}")

    exchange.run(items())
    assert exchange.events == ["closed, by client: True"]


def test_a_caller_who_reads_until_the_deadline_is_one_who_has_left(exchange: Exchange) -> None:
    async def take(message: MutableMapping[str, Any]) -> None:
        exchange.messages.append(message)
        if message.get("body"):
            exchange.sending.stream_deadline = Deadline.after(0)

    exchange.take = take

    def items() -> Items:
        try:
            yield HEAD
            yield b"x"
            yield b"y"
        finally:
            exchange.events.append(f"closed, by client: {exchange.sending.cancellation.by_client}")

    exchange.run(items())
    assert exchange.body == [b"x"]
    assert not exchange.ended
    assert exchange.events == ["closed, by client: True"]


def test_a_response_that_cannot_be_sent_is_not_made_to_its_end(exchange: Exchange) -> None:
    def items() -> Items:
        try:
            yield HEAD
            exchange.refuses = ValueError
            yield b"x"
            exchange.events.append("went on")
        finally:
            exchange.events.append(f"closed, by client: {exchange.sending.cancellation.by_client}")

    exchange.run(items())
    assert not exchange.ended
    assert exchange.events == ["closed, by client: False"]


def test_an_error_after_the_end_is_only_logged(exchange: Exchange) -> None:
    def items() -> Items:
        yield HEAD
        yield b"x"
        yield End()
        raise ProviderTimedOut("It was late.", provider="fake")

    exchange.run(items())
    assert exchange.body == [b"x"]
    assert [message.get("more_body") for message in exchange.messages].count(False) == 1
    assert exchange.log.error == "ProviderTimedOut"


def test_a_head_that_comes_too_late_has_the_work_cancelled() -> None:
    exchange = Exchange(seconds=0.0, as_events=False)

    def items() -> Items:
        exchange.watcher.look()
        if exchange.sending.cancellation.cancelled:
            raise ProviderTimedOut("It was cut off.", provider="fake")
        yield HEAD

    response = StreamedResponse(items(), exchange.sending, as_events=False, watcher=exchange.watcher)
    with pytest.raises(ProviderTimedOut):
        response({}, None, exchange.take).send(None)  # type: ignore[arg-type]
    assert not exchange.sending.cancellation.by_client


def test_a_look_never_waits_for_a_piece_that_is_being_sent(exchange: Exchange) -> None:
    async def slow(message: MutableMapping[str, Any]) -> None:
        exchange.watcher.look()  # as if in the watcher's thread: it must return
        exchange.messages.append(message)

    exchange.take = slow

    def items() -> Items:
        yield HEAD
        yield b"x"

    exchange.run(items())
    assert exchange.body == [b"x"]


def test_a_comment_that_cannot_be_sent_cancels_the_work_and_spares_the_watcher(exchange: Exchange) -> None:
    def items() -> Items:
        yield HEAD
        exchange.refuses = RuntimeError
        exchange.watcher.look()
        exchange.refuses = None
        assert exchange.sending.cancellation.cancelled
        raise ProviderUnavailable("The connection was shut down.", provider="fake")

    exchange.run(items())
    assert exchange.ended
