"""Transcripts that are sent while the provider hears: events, money, and what happens when somebody leaves or fails."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from audio_gateway.api.http import streamed
from audio_gateway.api.http.function_handler import BrokenResponse
from audio_gateway.api.http.sse import KEEP_ALIVE
from audio_gateway.errors import GatewayError, ProviderTimedOut, ProviderUnavailable
from audio_gateway.providers.port import SegmentDone, TextDelta, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.response_stream import ClientDisconnected
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript
from tests.fakes.gateway import Context, FakeStream, form_event, stream
from tests.fakes.idempotency import fresh_idempotency
from tests.fakes.meter import FakeMeter
from tests.fakes.providers import ALL_CAPABILITIES, model
from tests.sound import phrase
from tests.unit.api.harness import AudioHarness
from tests.unit.api.test_transcriptions import FILE, MODEL, wav

STREAM = ("stream", "true")
WORDS = ("hello ", "big ", "world")
TEXT = "".join(WORDS)
DIARIZING = model(
    capabilities=ALL_CAPABILITIES | {"diarization"}, response_formats=("json", "text", "verbose_json", "diarized_json")
)


def request(*fields: tuple[str, Any], file: Any = FILE, **options: Any) -> dict[str, Any]:
    return form_event("/audio/transcriptions", [MODEL, file, STREAM, *fields], **options)


class Hearing:
    """A provider that says each of its events when it is told to, and ends with the whole transcript.

    `fails` is raised instead of the event number `fails_at`. Once the call is cancelled, or its deadline has passed, it
    fails as a connection that was shut down.
    """

    def __init__(
        self,
        events: tuple[TranscriptEvent, ...] = tuple(map(TextDelta, WORDS)),
        *,
        transcript: Transcript | None = None,
        fails: GatewayError | None = None,
        fails_at: int = 0,
        at_once: bool = True,
    ) -> None:
        self.closed = threading.Event()
        self._go_on = threading.Semaphore(100 if at_once else 0)
        self._events = events
        self._transcript = transcript or Transcript(text=TEXT, duration_ms=1000)
        self._fails, self._fails_at = fails, fails_at

    def go_on(self) -> None:
        """Let one more event be said."""
        self._go_on.release()

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        deadline = request.deadline
        if deadline.cancellation is not None:
            deadline.cancellation.add(self._go_on.release)
        try:
            for number, event in enumerate((*self._events, TranscriptDone(self._transcript))):
                if self._fails is not None and number == self._fails_at:
                    raise self._fails
                come = self._go_on.acquire(timeout=deadline.remaining_s())
                if not come or (deadline.cancellation and deadline.cancellation.cancelled):
                    raise ProviderTimedOut("The connection was shut down.", provider="fake", worked=True)
                yield event
        finally:
            self.closed.set()


class Gateway(AudioHarness):
    """The transcriptions function; its responses are streamed."""

    def hears(self, provider: Hearing) -> Hearing:
        """Have this provider asked."""
        self.provider = provider  # type: ignore[assignment] # of another kind
        return provider

    @property
    def handler(self) -> Any:
        """The function."""
        return self.handlers["transcriptions"]

    def begin(self, response: FakeStream, *fields: tuple[str, Any], seconds: float = 890, **options: Any) -> Any:
        """Run a request in a thread of its own; returns the thread."""
        handler = self.handler

        def run() -> None:
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            with closing(loop), suppress(BrokenResponse, ClientDisconnected):
                handler.stream(request(*fields, **options), Context(round(seconds * 1000) + 2500), response)

        thread = threading.Thread(target=run)
        thread.start()
        return thread


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def events_in(body: bytes) -> list[Any]:
    """The data of all events; the last one is not JSON in a stream that ended well."""
    data = [line.removeprefix(b"data: ") for line in body.split(b"\r\n") if line.startswith(b"data: ")]
    return [each.decode() if each == b"[DONE]" else json.loads(each) for each in data]


def kinds(body: bytes) -> list[str]:
    return [
        each if isinstance(each, str) else ("error" if "error" in each else each["type"].removeprefix("transcript."))
        for each in events_in(body)
    ]


def assert_free(meter: FakeMeter) -> None:
    assert (len(meter.admitted), meter.settled, len(meter.released), meter.open) == (1, [], 1, [])


def assert_paid(meter: FakeMeter) -> None:
    assert [work.price_microusd for work in meter.settled] == [meter.admitted[0].price_microusd]
    assert (meter.released, meter.failed, meter.open) == ([], [], [])


# ---------------------------------------------------------------------------------------------- what is sent


def test_each_event_is_sent_before_the_provider_has_the_next_one(gateway: Gateway) -> None:
    provider, response = gateway.hears(Hearing(at_once=False)), FakeStream()
    thread = gateway.begin(response)
    for number in range(1, len(WORDS) + 1):
        provider.go_on()
        response.wait_for_pieces(number)
        assert events_in(response.answer.body)[-1] == {"type": "transcript.text.delta", "delta": WORDS[number - 1]}
        assert gateway.meter.settled == []
    provider.go_on()
    thread.join(10)
    assert kinds(response.answer.body) == ["text.delta"] * 3 + ["text.done", "[DONE]"]
    assert response.ended
    assert_paid(gateway.meter)


@pytest.mark.parametrize("capabilities", [ALL_CAPABILITIES, ALL_CAPABILITIES - {"streaming"}])
@pytest.mark.parametrize("fields", [(), (("response_format", "text"),), (("include[]", "logprobs"),)])
def test_the_bytes_are_those_of_a_buffered_response(capabilities: Any, fields: Any) -> None:
    gateway = Gateway(model(capabilities=capabilities))
    buffered, sent = gateway.send(request(*fields)), stream(gateway.handler, request(*fields))
    assert (sent.status, sent.body) == (buffered.status, buffered.body)
    assert sent.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert sent.headers["x-audio-gateway-model"] == "talker"
    assert "content-length" not in sent.headers


def test_log_probabilities_and_usage_are_those_of_the_provider(gateway: Gateway) -> None:
    said = TokenLogprob("hello", -0.25, tuple(b"hello"))
    usage = TokenUsage(input_tokens=10, output_tokens=2, total_tokens=12)
    gateway.hears(
        Hearing(
            (TextDelta("hello", (said,)),),
            transcript=Transcript(text="hello", duration_ms=1000, logprobs=(said,), token_usage=usage),
        )
    )
    delta, done, _ = events_in(stream(gateway.handler, request(("include[]", "logprobs"))).body)
    assert delta["logprobs"] == done["logprobs"] == [{"token": "hello", "logprob": -0.25, "bytes": list(b"hello")}]
    assert done["usage"]["total_tokens"] == 12


def test_segments_with_speakers_are_sent_as_they_come() -> None:
    gateway = Gateway(DIARIZING)
    said = (Segment("Hi.", 0, 400, speaker="x"), Segment("Bye.", 400, 900, speaker="y"))
    provider = gateway.hears(
        Hearing(
            tuple(SegmentDone(f"seg_{n}", each) for n, each in enumerate(said)),
            transcript=Transcript(text="Hi. Bye.", duration_ms=1000, segments=said),
            at_once=False,
        )
    )
    response = FakeStream()
    thread = gateway.begin(response, ("response_format", "diarized_json"))
    provider.go_on()
    response.wait_for_pieces(1)
    assert [event["speaker"] for event in events_in(response.answer.body)] == ["A"]
    provider.go_on()
    provider.go_on()
    thread.join(10)
    assert kinds(response.answer.body) == ["text.segment", "text.segment", "text.done", "[DONE]"]


def test_segments_that_are_known_at_the_end_come_then() -> None:
    gateway = Gateway(DIARIZING)
    said = (Segment("Hi.", 0, 400, speaker="x"),)
    gateway.hears(Hearing((TextDelta("Hi."),), transcript=Transcript(text="Hi.", duration_ms=1000, segments=said)))
    sent = stream(gateway.handler, request(("response_format", "diarized_json")))
    assert kinds(sent.body) == ["text.segment", "text.done", "[DONE]"]


def test_a_silent_provider_is_bridged_by_comments_and_may_still_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "KEEP_ALIVE_S", 0.0)
    response = FakeStream()

    class Slow(Hearing):
        def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
            response.wait_for_pieces(1)
            if request.model == "up-talker":
                raise ProviderUnavailable("It is down.", provider="fake")
            yield from super().transcribe(request)

    gateway = Gateway(model(fallbacks=("other",)), model("other"))
    gateway.hears(Slow())
    gateway.begin(response).join(10)
    assert response.pieces[0] == KEEP_ALIVE
    assert kinds(response.answer.body) == ["text.delta"] * 3 + ["text.done", "[DONE]"]
    assert_paid(gateway.meter)


def test_a_translation_has_no_stream_and_says_so(gateway: Gateway) -> None:
    sent = stream(gateway.handlers["translations"], form_event("/audio/translations", [MODEL, FILE, STREAM]))
    assert sent.json == {"text": "hello big world"}
    assert sent.headers["x-audio-gateway-ignored"] == "stream"


def test_audio_that_takes_longer_than_a_response_may_is_heard_in_a_stream() -> None:
    gateway = Gateway(model(speed_factor=0.5))
    file = ("file", ("a.wav", wav(200, rate=8_000)))
    assert stream(gateway.handler, form_event("/audio/transcriptions", [MODEL, file])).status == 303
    assert stream(gateway.handler, request(file=file)).status == 200


# ---------------------------------------------------------------------------------------------- what fails


def died() -> ProviderUnavailable:
    return ProviderUnavailable("The provider has died.", provider="fake", worked=True)


def test_a_provider_that_dies_before_its_first_event_keeps_its_status(gateway: Gateway) -> None:
    gateway.hears(Hearing(fails=died(), fails_at=0))
    assert stream(gateway.handler, request()).status == 503
    assert_free(gateway.meter)
    assert len(gateway.meter.failed) == 1


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_provider_that_dies_later_ends_the_stream_with_an_error_and_is_free(gateway: Gateway, after: int) -> None:
    gateway.hears(Hearing(fails=died(), fails_at=after))
    sent = stream(gateway.handler, request())
    assert kinds(sent.body) == ["text.delta"] * after + ["error"]
    assert events_in(sent.body)[-1]["error"].keys() == {"message", "type", "param", "code"}
    assert_free(gateway.meter)
    assert len(gateway.meter.failed) == 1


def test_a_transcript_that_cannot_be_right_is_an_error_at_the_end_and_free(gateway: Gateway) -> None:
    gateway.hears(Hearing((TextDelta(" "),), transcript=Transcript(text="", duration_ms=1000)))
    sent = stream(gateway.handler, request(file=("file", ("a.wav", phrase()))))
    assert kinds(sent.body) == ["text.delta", "error"]
    assert_free(gateway.meter)


def test_times_that_are_missing_at_the_end_are_an_error_and_free() -> None:
    gateway = Gateway(DIARIZING)
    gateway.hears(Hearing((TextDelta("Hi."),), transcript=Transcript(text="Hi.", duration_ms=1000)))
    sent = stream(gateway.handler, request(("response_format", "diarized_json")))
    assert kinds(sent.body) == ["error"]
    assert_free(gateway.meter)


@pytest.mark.parametrize("said", [0, 1])
def test_a_deadline_that_passes_ends_the_stream_with_an_error_and_is_free(gateway: Gateway, said: int) -> None:
    provider, response = gateway.hears(Hearing(at_once=False)), FakeStream()
    for _ in range(said):
        provider.go_on()
    gateway.begin(response, seconds=1.5).join(10)
    assert response.answer.status == (200 if said else 504)
    if said:
        assert kinds(response.answer.body) == ["text.delta"] * said + ["error"]
    assert provider.closed.is_set()
    assert_free(gateway.meter)


# ---------------------------------------------------------------------------------------------- who leaves


@pytest.mark.parametrize("got", [0, 1, 2])
def test_a_caller_who_disconnects_while_events_are_sent_pays_and_stops_the_provider(gateway: Gateway, got: int) -> None:
    frame = len(b'data: {"type":"transcript.text.delta","delta":"hello "}\r\n\r\n')
    provider, response = gateway.hears(Hearing()), FakeStream(disconnect_after=got * frame + 1)
    gateway.begin(response).join(10)
    assert not response.ended
    assert provider.closed.is_set()
    assert_paid(gateway.meter)


def test_a_caller_who_disconnects_while_the_provider_is_silent_pays_and_stops_it(gateway: Gateway) -> None:
    provider, response = gateway.hears(Hearing(at_once=False)), FakeStream()
    thread = gateway.begin(response)
    provider.go_on()
    response.wait_for_pieces(1)
    response.disconnect()
    thread.join(10)
    assert provider.closed.is_set()
    assert_paid(gateway.meter)


def test_a_caller_who_disconnects_before_the_first_event_pays_nothing(gateway: Gateway) -> None:
    provider, response = gateway.hears(Hearing(at_once=False)), FakeStream()
    response.disconnect()
    gateway.begin(response).join(10)
    assert provider.closed.is_set()
    assert_free(gateway.meter)


def test_a_keyed_call_runs_to_its_end_for_the_next_one() -> None:
    gateway = Gateway(idempotency=fresh_idempotency())
    headers = request()["headers"] | {"Idempotency-Key": "abc"}
    provider, response = gateway.hears(Hearing()), FakeStream(disconnect_after=1)
    gateway.begin(response, headers=headers).join(10)
    assert provider.closed.is_set()
    assert_paid(gateway.meter)
    again = stream(gateway.handler, request(headers=headers))
    assert again.headers["x-audio-gateway-replayed"] == "true"
    assert kinds(again.body) == ["text.delta"] * 3 + ["text.done", "[DONE]"]
    assert_paid(gateway.meter)


# ---------------------------------------------------------------------------------------------- the official SDK


def heard_by_sdk(body: bytes) -> Iterator[Any]:
    """The events that the official SDK makes of a body."""
    answer = httpx2.Response(200, content=body, headers={"content-type": "text/event-stream; charset=utf-8"})
    with httpx2.Client(transport=httpx2.MockTransport(lambda _: answer)) as http:
        client = OpenAI(api_key="sk-x", base_url="http://127.0.0.1:9/v1", http_client=http, max_retries=0)
        yield from client.audio.transcriptions.create(model="m", file=("a.wav", wav()), stream=True)


def test_the_sdk_passes_over_comments(gateway: Gateway) -> None:
    gateway.hears(Hearing())
    body = stream(gateway.handler, request()).body
    first, rest = body.split(b"\r\n\r\n", 1)
    found = list(heard_by_sdk(KEEP_ALIVE + first + b"\r\n\r\n" + KEEP_ALIVE + KEEP_ALIVE + rest))
    assert [event.type for event in found] == ["transcript.text.delta"] * 3 + ["transcript.text.done"]


def test_the_sdk_raises_an_error_in_the_middle(gateway: Gateway) -> None:
    gateway.hears(Hearing(fails=died(), fails_at=1))
    found = heard_by_sdk(stream(gateway.handler, request()).body)
    assert next(found).delta == "hello "
    with pytest.raises(openai.APIError) as caught:
        next(found)
    assert "died" in caught.value.message
