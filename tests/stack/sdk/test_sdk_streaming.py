"""Answers that arrive while the provider still works, as the official Python SDK reads them.

The provider is the fake upstream, and each test decides when it goes on. So a test that gets the first bytes has got
them before the last ones were made; without streaming it would wait for ever, or until the client's time is over.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import APIConnectionError, APIError, AsyncOpenAI, BadRequestError, OpenAI, RateLimitError

from tests.fakes.upstream import FakeUpstream
from tests.fakes.upstream_sound import CONTENT_TYPES, speech
from tests.sound import clip, look, look_pcm, phrase, said, tone_wav, wav, word_errors
from tests.stack.sdk.cutting_proxy import CuttingProxy
from tests.stack.sdk.payer import Payer, payer_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

CLIP = "austen-0880"
TEXT = "la " * 100  # 18 seconds of the fake's speech
SECONDS = 0.06 * len(TEXT)
CUT_OFF = (httpx2.RemoteProtocolError, APIConnectionError)  # what httpx2 says, bare or as the SDK wraps it


def spoken(response_format: str) -> bytes:
    """The provider's whole answer."""
    return speech(text=TEXT, format=response_format, speed=1, rate=24_000, channels=1, silent=False)


def halves(data: bytes) -> tuple[bytes, bytes]:
    return data[: len(data) // 2], data[len(data) // 2 :]


def event(kind: str, **fields: Any) -> bytes:
    return b"data: " + json.dumps({"type": kind, **fields}).encode() + b"\n\n"


def delta(text: str) -> bytes:
    return event("transcript.text.delta", delta=text)


def done(text: str) -> bytes:
    usage = {
        "type": "tokens", "input_tokens": 10, "output_tokens": 2, "total_tokens": 12,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 10},
    }  # fmt: skip
    return event("transcript.text.done", text=text, usage=usage) + b"data: [DONE]\n\n"


def seconds_of(data: bytes, response_format: str) -> float:
    """How long the audio is, decoded as what was asked for and as nothing else."""
    if response_format == "pcm":
        return look_pcm(data).seconds
    return look(data, {"opus": "ogg"}.get(response_format, response_format)).seconds


def asked(model: str = "fake-tts", response_format: str = "mp3", **options: Any) -> dict[str, Any]:
    return {"model": model, "voice": "alloy", "input": TEXT, "response_format": response_format, **options}


def heard(model: str = "gpt-4o-transcribe", **options: Any) -> dict[str, Any]:
    return {"model": model, "file": ("a.wav", tone_wav(1)), "stream": True, **options}


@pytest.fixture
def payer(wired_stack: dict[str, Any]) -> Iterator[Payer]:
    """A customer whose ledger has the calls of this test alone."""
    with payer_of(wired_stack) as made:
        yield made


@pytest.fixture
def paying(wired_client: OpenAI, payer: Payer) -> OpenAI:
    """The customer's client."""
    return wired_client.with_options(api_key=payer.key)


# ---------------------------------------------------------------- speech


@pytest.mark.parametrize("response_format", CONTENT_TYPES)
@pytest.mark.parametrize("model", ["fake-tts", "pcm-tts"], ids=["passed through", "encoded by the gateway"])
def test_speech_arrives_while_the_provider_still_speaks(
    wired_client: OpenAI, upstream: FakeUpstream, tmp_path: Path, model: str, response_format: str
) -> None:
    sent_as = "pcm" if model == "pcm-tts" else response_format
    steps = upstream.answer_in_steps(CONTENT_TYPES[sent_as])
    first, last = halves(spoken(sent_as))
    steps.send(first)
    create = wired_client.audio.speech.with_streaming_response.create
    with create(**asked(model, response_format)) as answer, (tmp_path / "speech").open("wb") as file:
        pieces = answer.iter_bytes()
        file.write(next(pieces))
        steps.send(last)
        steps.end()
        for piece in pieces:
            file.write(piece)
    data = (tmp_path / "speech").read_bytes()
    assert seconds_of(data, response_format) == pytest.approx(SECONDS, abs=0.2)
    assert answer.headers["content-type"] == CONTENT_TYPES[response_format]


def test_the_asynchronous_client_gets_speech_while_the_provider_still_speaks(
    wired_aclient: Any, upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("audio/mpeg")
    first, last = halves(spoken("mp3"))

    async def run() -> bytes:
        client: AsyncOpenAI
        async with wired_aclient() as client:
            steps.send(first)
            async with client.audio.speech.with_streaming_response.create(**asked()) as answer:
                pieces = aiter(answer.iter_bytes())
                data = await anext(pieces)
                steps.send(last)
                steps.end()
                return data + b"".join([piece async for piece in pieces])

    assert seconds_of(asyncio.run(run()), "mp3") == pytest.approx(SECONDS, abs=0.2)


def test_speech_events_are_read_line_by_line_while_the_provider_still_speaks(
    wired_client: OpenAI, upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("audio/mpeg")
    first, last = halves(spoken("mp3"))
    steps.send(first)
    create = wired_client.audio.speech.with_streaming_response.create
    with create(**asked(stream_format="sse")) as answer:
        lines = (line.removeprefix("data: ") for line in answer.iter_lines() if line)
        events = [json.loads(next(lines))]
        steps.send(last)
        steps.end()
        rest = list(lines)
    assert rest.pop() == "[DONE]"
    *deltas, finished = events + [json.loads(line) for line in rest]
    assert finished["type"] == "speech.audio.done"
    data = b"".join(base64.b64decode(each["audio"]) for each in deltas)
    assert seconds_of(data, "mp3") == pytest.approx(SECONDS, abs=0.2)


def test_the_embedded_engine_speaks_its_first_sentence_before_its_last(client: OpenAI) -> None:
    text = " ".join(f"This is sentence number {number} of ten, and it goes on for a while." for number in range(10))
    create = client.audio.speech.with_streaming_response.create
    client.audio.speech.create(model="hibari", voice="alloy", input="Hello.")  # the engine is loaded
    started = time.monotonic()
    with create(model="hibari", voice="alloy", input=text, response_format="wav") as answer:
        pieces = answer.iter_bytes()
        data = next(pieces)
        first_s = time.monotonic() - started
        data += b"".join(pieces)
    assert first_s < (time.monotonic() - started) / 2
    assert seconds_of(data, "wav") > 10


# ---------------------------------------------------------------- transcripts


def test_transcript_events_arrive_while_the_provider_still_listens(
    wired_client: OpenAI, upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("text/event-stream")
    steps.send(delta("Good "))
    stream = wired_client.audio.transcriptions.create(**heard())
    assert next(stream).delta == "Good "
    steps.send(delta("morning."))
    assert next(stream).delta == "morning."
    steps.send(done("Good morning."))
    steps.end()
    assert [each.text for each in stream] == ["Good morning."]


def test_the_asynchronous_client_gets_events_while_the_provider_still_listens(
    wired_aclient: Any, upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("text/event-stream")

    async def run() -> list[str]:
        client: AsyncOpenAI
        async with wired_aclient() as client:
            steps.send(delta("Good "))
            stream: Any = await client.audio.transcriptions.create(**heard())
            texts = [(await anext(stream)).delta]
            steps.send(delta("morning."))
            texts.append((await anext(stream)).delta)
            steps.send(done("Good morning."))
            steps.end()
            return [*texts, *[each.text async for each in stream]]

    assert asyncio.run(run()) == ["Good ", "morning.", "Good morning."]


def test_diarized_segments_arrive_while_the_provider_still_listens(
    wired_client: OpenAI, upstream: FakeUpstream
) -> None:
    def segment(number: int, speaker: str) -> bytes:
        fields = {"id": f"seg_{number}", "start": number / 2, "end": number / 2 + 0.4}
        return event("transcript.text.segment", **fields, text="Yes.", speaker=speaker)

    steps = upstream.answer_in_steps("text/event-stream")
    steps.send(segment(0, "A"))
    stream = wired_client.audio.transcriptions.create(
        **heard("gpt-4o-transcribe-diarize", response_format="diarized_json", chunking_strategy="auto")
    )
    assert next(stream).speaker == "A"
    steps.send(segment(1, "B"))
    assert next(stream).speaker == "B"
    steps.send(done("Yes. Yes."))
    steps.end()
    assert [each.type for each in stream] == ["transcript.text.done"]


def test_the_embedded_engine_writes_its_first_words_before_its_last(client: OpenAI) -> None:
    samples = b"".join(clip(CLIP)[44:] + bytes(2 * 16_000) for _ in range(3))
    client.audio.transcriptions.create(model="moonshine-tiny", file=("a.wav", phrase()))  # the engine is loaded
    started = time.monotonic()
    stream: Any = client.audio.transcriptions.create(model="moonshine-tiny", file=("a.wav", wav(samples)), stream=True)
    arrived = [(time.monotonic() - started, event) for event in stream]
    (*_, (end_s, finished)), (first_s, first) = arrived, arrived[0]
    assert first_s < end_s * 3 / 4
    assert finished.text.startswith(first.delta)
    assert word_errors(" ".join([said(CLIP)] * 3), finished.text) <= 0.25


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("fault", ["error", "cut"])
def test_an_error_in_the_middle_of_events_is_raised_with_its_code(
    wired_client: OpenAI, upstream: FakeUpstream, fault: str
) -> None:
    steps = upstream.answer_in_steps("text/event-stream")
    steps.send(delta("Good "))
    stream = wired_client.audio.transcriptions.create(**heard())
    assert next(stream).delta == "Good "
    if fault == "error":
        error = {"message": "The model failed.", "type": "server_error", "param": None, "code": "model_error"}
        steps.send(b"data: " + json.dumps({"error": error}).encode() + b"\n\n")
    steps.cut()
    with pytest.raises(APIError) as caught:
        list(stream)
    assert type(caught.value) is APIError, "an event says so, not a lost connection"
    assert caught.value.code == "provider_unavailable"


def test_an_error_in_the_middle_of_speech_events_is_an_event(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    steps = upstream.answer_in_steps("audio/mpeg")
    steps.send(halves(spoken("mp3"))[0])
    create = wired_client.audio.speech.with_streaming_response.create
    with create(**asked(stream_format="sse")) as answer:
        lines = (line.removeprefix("data: ") for line in answer.iter_lines() if line)
        assert json.loads(next(lines))["type"] == "speech.audio.delta"
        steps.cut()
        *_, last = lines
    error = json.loads(last)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == "provider_unavailable"


@pytest.mark.parametrize("response_format", CONTENT_TYPES)
def test_speech_that_breaks_off_never_looks_like_a_whole_file(
    wired_client: OpenAI, upstream: FakeUpstream, response_format: str
) -> None:
    steps = upstream.answer_in_steps(CONTENT_TYPES[response_format])
    steps.send(halves(spoken(response_format))[0])
    create = wired_client.audio.speech.with_streaming_response.create
    with create(**asked(response_format=response_format)) as answer:
        pieces = answer.iter_bytes()
        next(pieces)
        steps.cut()
        with pytest.raises(CUT_OFF):
            list(pieces)


ERRORS: dict[str, tuple[str, type[APIError]]] = {
    "429": ("status=429!code=rate_limit_exceeded!retry-after=7", RateLimitError),
    "400": ("status=400!message=Too many tokens.", BadRequestError),
}


@pytest.mark.parametrize(("behaviour", "kind"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("call", ["speech", "events", "transcript"])
def test_an_error_before_the_first_byte_keeps_its_status(
    wired_client: OpenAI, upstream: FakeUpstream, behaviour: str, kind: type[APIError], call: str
) -> None:
    upstream.script(behaviour)
    speak = wired_client.audio.speech.with_streaming_response.create
    calls: dict[str, Callable[[], Any]] = {
        "speech": lambda: speak(**asked()).__enter__(),
        "events": lambda: speak(**asked(stream_format="sse")).__enter__(),
        "transcript": lambda: wired_client.audio.transcriptions.create(**heard()),
    }
    with pytest.raises(kind):
        calls[call]()


# ---------------------------------------------------------------- money


def test_a_create_that_breaks_off_is_tried_again_and_paid_once(
    paying: OpenAI, payer: Payer, upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("audio/mpeg")
    steps.send(halves(spoken("mp3"))[0])
    steps.cut()
    answer = paying.with_options(max_retries=1).audio.speech.create(**asked())
    assert answer.response.request.headers["x-stainless-retry-count"] == "1"
    assert seconds_of(answer.content, "mp3") == pytest.approx(SECONDS, abs=0.2)
    assert len(upstream.requests) == 2
    assert sorted(payer.settled()) == [("answered", True), ("failed", False)]


def test_a_create_whose_connection_is_lost_is_tried_again_and_paid_once(
    wired_stack: dict[str, Any], paying: OpenAI, payer: Payer, upstream: FakeUpstream
) -> None:
    with CuttingProxy(wired_stack["base_url"]) as proxy:
        proxy.cut_after(len(spoken("wav")) // 2)
        client = paying.with_options(base_url=proxy.base_url, max_retries=1)
        answer = client.audio.speech.create(**asked(response_format="wav"))
    assert answer.response.request.headers["x-stainless-retry-count"] == "1"
    assert seconds_of(answer.content, "wav") == pytest.approx(SECONDS, abs=0.2)
    assert sum(paid for _, paid in payer.settled()) == 1


def test_a_stream_that_is_read_to_its_end_is_paid_once(paying: OpenAI, payer: Payer, upstream: FakeUpstream) -> None:
    with paying.audio.speech.with_streaming_response.create(**asked()) as answer:
        assert seconds_of(b"".join(answer.iter_bytes()), "mp3") == pytest.approx(SECONDS, abs=0.2)
    assert payer.settled() == [("answered", True)]


def test_a_stream_that_is_closed_stops_the_provider_and_is_paid(
    paying: OpenAI, payer: Payer, upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("audio/mpeg")
    steps.send(halves(spoken("mp3"))[0])
    with paying.audio.speech.with_streaming_response.create(**asked()) as answer:
        next(answer.iter_bytes())
    steps.wait_until_disconnected()
    assert payer.settled() == [("answered", True)]


def test_a_transcript_that_is_closed_stops_the_provider_and_is_paid(
    paying: OpenAI, payer: Payer, upstream: FakeUpstream
) -> None:
    steps = upstream.answer_in_steps("text/event-stream")
    steps.send(delta("Good "))
    with paying.audio.transcriptions.create(**heard()) as stream:
        next(stream)
    steps.wait_until_disconnected()
    assert payer.settled() == [("answered", True)]
