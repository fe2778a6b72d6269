"""Clients that read slowly, come in numbers, or leave: through the front, the runtime loop and the functions."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openai import AsyncOpenAI, OpenAI

from local.lambda_service import MAX_ENVIRONMENTS
from tests.fakes.owners import process_of
from tests.fakes.steps import Steps
from tests.fakes.upstream import FakeUpstream
from tests.sound import look_pcm
from tests.stack.sdk.payer import Payer, payer_of, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

PIECE = bytes(range(256)) * 160  # 40 KB: the gateway looks at the first bytes before it sends any
STREAMS = 40
MEGABYTE = 1_000_000


@pytest.fixture
def payer(wired_stack: dict[str, Any]) -> Iterator[Payer]:
    with payer_of(wired_stack) as made:
        yield made


@contextmanager
def asking(stack: dict[str, Any], key: str) -> Iterator[http.client.HTTPConnection]:
    """A connection on which speech has been asked for."""
    parts = urlsplit(stack["base_url"])
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    body = json.dumps({"model": "fake-tts", "voice": "alloy", "input": "Hello.", "response_format": "pcm"})
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request("POST", f"{parts.path}/audio/speech", body, headers)
    yield connection
    connection.close()


def say(client: OpenAI, key: str) -> float:
    """Seconds of a short answer."""
    options: Any = {"model": "fake-tts", "voice": "alloy", "input": "la " * 10, "response_format": "pcm"}
    return look_pcm(client.with_options(api_key=key).audio.speech.create(**options).content).seconds


# ---------------------------------------------------------------- leaving


def before_the_head(steps: Steps, connection: http.client.HTTPConnection) -> None:
    steps.wait_until_asked()
    connection.close()
    steps.send(PIECE)  # on which the function finds that there is nobody to send it to


def after_the_head(steps: Steps, connection: http.client.HTTPConnection) -> None:
    steps.send(PIECE)
    answer = connection.getresponse()
    assert answer.status == 200
    answer.close()
    connection.close()


def in_the_middle(steps: Steps, connection: http.client.HTTPConnection) -> None:
    steps.send(PIECE)
    answer = connection.getresponse()
    answer.read(1000)
    steps.send(PIECE)
    answer.read(len(PIECE))
    answer.close()
    connection.close()


def before_the_last_bytes(steps: Steps, connection: http.client.HTTPConnection) -> None:
    steps.send(PIECE)
    answer = connection.getresponse()
    answer.read(len(PIECE) - 1000)  # of what has come, so that all but the end is under way
    answer.close()
    connection.close()


LEAVING = (before_the_head, after_the_head, in_the_middle, before_the_last_bytes)


@pytest.mark.parametrize("leave", LEAVING, ids=[f"{leave.__name__.replace('_', ' ')}" for leave in LEAVING])
def test_a_client_that_leaves_stops_the_provider_and_pays_once(
    wired_client: OpenAI,
    wired_stack: dict[str, Any],
    upstream: FakeUpstream,
    payer: Payer,
    leave: Callable[[Steps, http.client.HTTPConnection], None],
) -> None:
    steps = upstream.answer_in_steps("audio/pcm")
    with asking(wired_stack, payer.key) as connection:
        leave(steps, connection)
        steps.wait_until_disconnected()
    assert payer.settled() == [("answered", True)]
    assert say(wired_client, payer.key) == pytest.approx(1.8, abs=0.001)
    assert payer.settled() == [("answered", True)] * 2


def test_a_client_that_leaves_before_a_failure_pays_nothing(
    wired_client: OpenAI, wired_stack: dict[str, Any], upstream: FakeUpstream, payer: Payer
) -> None:
    upstream.script("held!status=500")
    with asking(wired_stack, payer.key) as connection:
        wait_until(lambda: bool(upstream.calls), "the provider was not asked")
        connection.close()
        upstream.let_go()
        wait_until(lambda: not payer.holds, "the hold is not released")
    assert not [row for row in payer.rows if row.price_microusd]
    assert say(wired_client, payer.key) == pytest.approx(1.8, abs=0.001)


def test_clients_that_leave_leave_every_environment_usable(
    wired_client: OpenAI, wired_stack: dict[str, Any], upstream: FakeUpstream, payer: Payer
) -> None:
    for _ in range(2 * MAX_ENVIRONMENTS):
        steps = upstream.answer_in_steps("audio/pcm")
        with asking(wired_stack, payer.key) as connection:
            after_the_head(steps, connection)
    wait_until(lambda: len(payer.rows) == 2 * MAX_ENVIRONMENTS, "a request is not settled")
    assert payer.settled() == [("answered", True)] * 2 * MAX_ENVIRONMENTS
    assert say(wired_client, payer.key) == pytest.approx(1.8, abs=0.001)


# ---------------------------------------------------------------- many


def test_forty_streams_wait_for_their_turn_and_none_is_lost(
    wired_aclient: Any, upstream: FakeUpstream, payer: Payer
) -> None:
    held = [upstream.answer_in_steps("audio/pcm") for _ in range(MAX_ENVIRONMENTS)]
    options: Any = {"model": "fake-tts", "voice": "alloy", "response_format": "pcm"}

    async def read(client: AsyncOpenAI, number: int) -> int:
        create = client.audio.speech.with_streaming_response.create
        async with create(input="la " * (number + 1), **options) as answer:
            return sum([len(piece) async for piece in answer.iter_bytes()])

    async def run() -> list[int]:
        client: AsyncOpenAI
        async with wired_aclient() as client:
            paying = client.with_options(api_key=payer.key)
            reads = [asyncio.create_task(read(paying, number)) for number in range(STREAMS)]
            for steps in held:
                await asyncio.to_thread(steps.wait_until_asked)
            assert len(upstream.calls) == MAX_ENVIRONMENTS
            for steps in held:
                steps.send(PIECE)
                steps.end()
            return list(await asyncio.gather(*reads))

    sizes = asyncio.run(run())
    right = [size == int(max(0.2, 0.18 * (number + 1)) * 24_000) * 2 for number, size in enumerate(sizes)]
    assert sizes.count(len(PIECE)) == MAX_ENVIRONMENTS
    assert right.count(True) == STREAMS - MAX_ENVIRONMENTS
    assert payer.settled() == [("answered", True)] * STREAMS


# ---------------------------------------------------------------- slow


def resident_bytes(pid: int) -> int:
    """The memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_slow_reader_slows_the_provider_down_and_nobody_else(
    wired_client: OpenAI, wired_stack: dict[str, Any], upstream: FakeUpstream, payer: Payer
) -> None:
    say(wired_client, payer.key)
    steps = upstream.answer_in_steps("audio/pcm")
    for _ in range(100):
        steps.send(bytes(MEGABYTE))
    with asking(wired_stack, payer.key) as connection:
        answer = connection.getresponse()
        processes = wired_stack["pid"], process_of(upstream.calls[-1].connection, upstream.port)
        before = [resident_bytes(pid) for pid in processes]
        for _ in range(10):
            assert len(answer.read(1)) == 1
            assert say(wired_client, payer.key) == pytest.approx(1.8, abs=0.001)
        grown = [resident_bytes(pid) - size for pid, size in zip(processes, before, strict=True)]
        left = steps.left
        answer.close()
    steps.wait_until_disconnected()
    print(grown, left)
    assert left > 50, "of a hundred pieces"
    assert max(grown) < 20 * MEGABYTE
    assert payer.settled() == [("answered", True)] * 12
