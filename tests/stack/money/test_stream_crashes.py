"""Kill -9 of the function's process in the middle of a streamed answer."""

from __future__ import annotations

import os
import signal
from typing import Any

import httpx2
import pytest
from openai import APIConnectionError

from tests.fakes.owners import process_of
from tests.sound import tone_wav
from tests.stack.money.faulty_stack import PRICE, TEXT, Customer, FaultyStack

pytestmark = pytest.mark.stack

PIECE = bytes(40_000)
DELTA = b'data: {"type": "transcript.text.delta", "delta": "Good "}\n\n'


def kill(faulty_stack: FaultyStack) -> None:
    """Kill the process that asks the provider."""
    (call,) = faulty_stack.upstream.calls
    os.kill(process_of(call.connection, faulty_stack.upstream.port), signal.SIGKILL)


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_speech_of_a_killed_process_breaks_off_and_is_free(
    faulty_stack: FaultyStack, known: Customer, stream_format: Any
) -> None:
    steps = faulty_stack.upstream.answer_in_steps("audio/pcm")
    steps.send(PIECE)
    create = known.sdk.audio.speech.with_streaming_response.create
    options: Any = {"model": "tts", "voice": "alloy", "input": TEXT, "response_format": "pcm"}
    with create(**options, stream_format=stream_format) as answer:
        pieces = answer.iter_bytes()
        next(pieces)
        kill(faulty_stack)
        with pytest.raises((httpx2.RemoteProtocolError, APIConnectionError)):
            list(pieces)
    assert_abandoned(known)


def test_a_transcript_of_a_killed_process_breaks_off_and_is_free(faulty_stack: FaultyStack, known: Customer) -> None:
    steps = faulty_stack.upstream.answer_in_steps("text/event-stream")
    steps.send(DELTA)
    stream: Any = known.sdk.audio.transcriptions.create(model="stt", file=("a.wav", tone_wav(1)), stream=True)
    assert next(stream).delta == "Good "
    kill(faulty_stack)
    with pytest.raises((httpx2.RemoteProtocolError, APIConnectionError)):
        list(stream)
    assert_abandoned(known)


def assert_abandoned(customer: Customer) -> None:
    """The hold stays until it is swept, and then the request is free."""
    assert len(customer.holds) == 1
    customer.expire_and_sweep()
    assert customer.outcomes == [("answered", PRICE), ("abandoned", 0)]
    customer.speak()
    customer.assert_account_matches_ledger()
