"""The parts of a streamed response's way that need no connection."""

from __future__ import annotations

import asyncio
from typing import Any

from local.asgi import Message
from local.environments import Invocation
from local.forwarding import Forwarding
from local.response_streams import StreamedResponse, StreamLimits
from tests.unit.local.fake_runtime import PRELUDE


class Reading:
    """A function's connection that always has more to read."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.reads = 0
        self.aborted = False

    async def __call__(self) -> Message:
        self.reads += 1
        if self.aborted:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.pieces.pop(0), "more_body": bool(self.pieces)}

    def abort(self) -> None:
        self.aborted = True

    def response(self) -> StreamedResponse:
        return StreamedResponse(self, [], self.abort, StreamLimits())


def test_nothing_more_is_read_from_the_function_than_the_client_takes() -> None:
    reading = Reading(PRELUDE, *[b"x" * 1_000] * 1_000)
    blocked, taking = asyncio.Event(), asyncio.Event()
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 4:
            blocked.set()
            await taking.wait()

    async def scenario() -> None:
        invocation = Invocation.new(b"{}", "")
        invocation.settle(reading.response())
        running = asyncio.ensure_future(Forwarding(invocation, timeout_s=60).run("GET", [], send))
        await blocked.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert reading.reads == 3  # the prelude and two pieces
        taking.set()
        await running

    asyncio.run(scenario())
    assert sum(len(message.get("body", b"")) for message in sent) == 1_000_000


def test_what_arrives_at_once_is_sent_at_once() -> None:
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def scenario() -> None:
        invocation = Invocation.new(b"{}", "")
        invocation.settle(Reading(PRELUDE + b"whole").response())
        await Forwarding(invocation, timeout_s=60).run("GET", [], send)

    asyncio.run(scenario())
    assert [(message["type"], message.get("body"), message.get("more_body")) for message in sent] == [
        ("http.response.start", None, None),
        ("http.response.body", b"whole", False),
    ]


def test_a_caller_who_left_closes_a_stream_that_begins_later() -> None:
    reading = Reading(PRELUDE)

    async def scenario() -> None:
        invocation = Invocation.new(b"{}", "")
        invocation.abandon()
        assert not invocation.settle(reading.response())
        left = Invocation.new(b"{}", "")
        left.settle(reading.response())
        left.abandon()
        left.abandon()
        assert reading.aborted
        assert not left.finished.done()  # the function still runs

    asyncio.run(scenario())


def test_a_function_that_has_sent_everything_is_not_cut_off() -> None:
    reading = Reading(PRELUDE)

    async def scenario() -> None:
        response = reading.response()
        assert await response.read() == PRELUDE
        response.close()
        assert not reading.aborted
        assert response.released.is_set()

    asyncio.run(scenario())
