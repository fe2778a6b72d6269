"""Long texts: spoken in parts, each of which is asked for while the one before is sent."""

from __future__ import annotations

import base64
import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.api.http.function_handler import BrokenResponse
from audio_gateway.errors import ProviderUnavailable
from audio_gateway.providers.port import AudioChunk, SynthesisCall
from audio_gateway.response_stream import ClientDisconnected
from tests.examples import examples
from tests.fakes.gateway import Answer, Context, FakeStream, json_event, stream
from tests.fakes.providers import ALL_CAPABILITIES, model
from tests.unit.api.harness import BODY, AudioHarness

SENTENCES = "The first sentence has its say. The second one follows at once. And the third ends it all."
LONG = "One more sentence is spoken, and then another one. " * 200
WAITS = ALL_CAPABILITIES - {"streaming"}
MODELS = (
    model("talker", max_characters=40),
    model("boundless", max_characters=None),
    model("waits", max_characters=4096, capabilities=WAITS),
    model("backed", max_characters=40, fallbacks=("spare",)),
    model("spare", max_characters=None),
    model("slow", max_characters=None, speed_factor=0.1),
    model("cut", max_characters=60),
)


def speech(**fields: Any) -> dict[str, Any]:
    return json_event("/audio/speech", BODY | {"input": SENTENCES} | fields)


def tone(text: str) -> bytes:
    """Sound that says where it is in the text, with larger steps within a part than between parts."""
    samples = ((ord(character), ord(character) + 1000) * 120 for character in text)
    return b"".join(sample.to_bytes(2, "little") for pair in samples for sample in pair)


@dataclasses.dataclass
class Speaking:
    """A provider that speaks its texts with `speak`."""

    speak: Callable[[SynthesisCall, int], Iterator[bytes]]
    asked: list[SynthesisCall] = dataclasses.field(default_factory=list)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        self.asked.append(request)
        for piece in self.speak(request, len(self.asked)):
            yield AudioChunk(piece, "pcm", 24_000)

    @property
    def texts(self) -> list[str]:
        return [request.text for request in self.asked]


@pytest.fixture
def harness() -> AudioHarness:
    return AudioHarness(*MODELS)


def speaking(harness: AudioHarness, speak: Callable[[SynthesisCall, int], Iterator[bytes]]) -> Speaking:
    """Replace the harness's provider."""
    provider = Speaking(speak)
    harness.provider = provider  # type: ignore[assignment]
    return provider


def plainly(request: SynthesisCall, _number: int) -> Iterator[bytes]:
    yield tone(request.text)


def send(harness: AudioHarness, mode: str, request: dict[str, Any]) -> Answer:
    return stream(harness.handlers["speech"], request) if mode == "streamed" else harness.send(request)


# ------------------------------------------------------------------------------------------------ the parts


@pytest.mark.parametrize("mode", ["streamed", "buffered"])
def test_a_text_above_the_models_limit_is_spoken_in_parts_and_joined(harness: AudioHarness, mode: str) -> None:
    provider = speaking(harness, plainly)
    answer = send(harness, mode, speech())
    assert (answer.status, answer.body) == (200, tone(SENTENCES))
    assert len(provider.texts) > 1
    assert "".join(provider.texts) == SENTENCES
    assert all(len(text) <= 40 for text in provider.texts)
    (work,) = harness.meter.settled
    assert work.amount == len(SENTENCES)
    assert work.price_microusd == harness.meter.admitted[0].price_microusd


def test_a_model_that_streams_and_takes_any_length_is_asked_once(harness: AudioHarness) -> None:
    provider = speaking(harness, plainly)
    assert stream(harness.handlers["speech"], speech(model="boundless", input=LONG)).body == tone(LONG)
    assert provider.texts == [LONG]


def test_a_model_that_does_not_stream_gets_a_sentence_first_and_then_more_and_more(harness: AudioHarness) -> None:
    provider = speaking(harness, plainly)
    assert stream(harness.handlers["speech"], speech(model="waits", input=LONG)).body == tone(LONG)
    lengths = [len(text) for text in provider.texts]
    assert provider.texts[0] == "One more sentence is spoken, and then another one. "
    assert lengths[:5] == sorted(lengths[:5])
    assert max(lengths) <= 4096
    assert len(lengths) < 10


def test_an_answer_in_one_piece_is_asked_for_in_one_piece(harness: AudioHarness) -> None:
    provider = speaking(harness, plainly)
    assert harness.send(speech(model="waits")).body == tone(SENTENCES)
    assert provider.texts == [SENTENCES]


def test_blank_parts_are_not_spoken(harness: AudioHarness) -> None:
    provider = speaking(harness, plainly)
    stream(harness.handlers["speech"], speech(input=f"Before. {' ' * 200} After."))
    assert all(text.strip() for text in provider.texts)


def test_long_texts_need_a_streamed_response_or_a_job(harness: AudioHarness) -> None:
    speaking(harness, plainly)
    long = "a b " * 1025
    assert stream(harness.handlers["speech"], speech(model="boundless", input=long)).status == 200
    refused = harness.send(speech(model="boundless", input=long))
    assert (refused.status, refused.error["code"]) == (400, "string_above_max_length")
    assert "background=true" in refused.error["message"]
    assert stream(harness.handlers["speech"], speech(input="a" * 1_000_001)).error["param"] == "input"


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "slow"},  # no time
        {"model": "boundless", "input": "a b " * 16_000, "response_format": "wav"},  # more than 200 MB
        {"model": "boundless", "input": "a b " * 10_000, "response_format": "wav", "stream_format": "sse"},
    ],
)
def test_what_does_not_fit_into_a_response_becomes_a_job(harness: AudioHarness, fields: dict[str, Any]) -> None:
    provider = speaking(harness, plainly)
    answer = stream(harness.handlers["speech"], speech(**{"input": LONG} | fields))
    assert (answer.status, provider.texts) == (303, [])


@given(
    st.lists(st.integers(1, 2000), min_size=1, max_size=20),
    st.integers(1, 120),
    st.sampled_from(["wav", "pcm", "flac", "mp3", "opus", "aac"]),
)
@examples(25)
def test_neither_the_pieces_of_the_provider_nor_the_parts_change_a_byte(
    cuts: list[int], most: int, response_format: str
) -> None:
    text = "aaaaa" * 12  # without spaces, which are not spoken if they are a part of their own

    def in_pieces(request: SynthesisCall, _number: int) -> Iterator[bytes]:
        sound, at = b"\1\0" * 240 * len(request.text), 0
        for cut in cuts:
            yield sound[at : at + cut]
            at += cut
        yield sound[at:]

    whole = AudioHarness(model("talker", formats=("pcm",)))
    parts = AudioHarness(model("talker", formats=("pcm",), max_characters=most))
    speaking(whole, lambda request, _: iter([b"\1\0" * 240 * len(request.text)]))
    speaking(parts, in_pieces)
    request = speech(input=text, response_format=response_format)
    assert stream(parts.handlers["speech"], request).body == stream(whole.handlers["speech"], request).body


# ------------------------------------------------------------------------------------------------ one part ahead


def test_the_first_part_is_sent_before_the_second_is_spoken(harness: AudioHarness) -> None:
    response = FakeStream()

    def speak(request: SynthesisCall, number: int) -> Iterator[bytes]:
        if number == 2:
            response.wait_for_pieces(1)
        yield tone(request.text)

    speaking(harness, speak)
    harness.handlers["speech"].stream(speech(), Context(900_000), response)
    assert response.answer.body == tone(SENTENCES)


def test_the_next_part_is_asked_for_while_the_one_before_is_spoken_and_no_other(harness: AudioHarness) -> None:
    asked = [threading.Event() for _ in range(9)]
    running, most = [0], [0]

    def speak(request: SynthesisCall, number: int) -> Iterator[bytes]:
        asked[number].set()
        running[0] += 1
        most[0] = max(most[0], running[0])
        sound = tone(request.text)
        yield sound[:480]
        if not SENTENCES.endswith(request.text):
            assert asked[number + 1].wait(10)
        yield sound[480:]
        running[0] -= 1

    provider = speaking(harness, speak)
    assert stream(harness.handlers["speech"], speech()).body == tone(SENTENCES)
    assert len(provider.asked) > 2
    assert most == [2]


# ------------------------------------------------------------------------------------------------ what goes wrong


def fails_at(part: int, after: int) -> Callable[[SynthesisCall, int], Iterator[bytes]]:
    def speak(request: SynthesisCall, number: int) -> Iterator[bytes]:
        sound = tone(request.text)
        if number == part:
            yield from ([sound[:after]] if after else [])
            raise ProviderUnavailable("The provider has died.", provider="fake", worked=True)
        yield sound

    return speak


@pytest.mark.parametrize("after", [0, 480])
def test_a_second_part_that_fails_breaks_the_body_and_is_free(harness: AudioHarness, after: int) -> None:
    speaking(harness, fails_at(2, after))
    response = FakeStream()
    with pytest.raises(BrokenResponse):
        harness.handlers["speech"].stream(speech(), Context(900_000), response)
    assert response.answer.status == 200
    assert not response.ended
    assert harness.meter.settled == []
    assert len(harness.meter.failed) == 1


def test_a_second_part_that_fails_is_an_event_in_a_stream_of_events(harness: AudioHarness) -> None:
    speaking(harness, fails_at(2, 0))
    answer = stream(harness.handlers["speech"], speech(stream_format="sse"))
    frames = answer.body.split(b"\r\n\r\n")
    assert b"speech.audio.delta" in frames[0]
    assert b'"error"' in frames[-2]
    assert b"[DONE]" not in answer.body
    assert harness.meter.settled == []


def test_a_first_part_that_fails_is_left_to_the_fallback(harness: AudioHarness) -> None:
    provider = speaking(harness, fails_at(1, 0))
    answer = stream(harness.handlers["speech"], speech(model="backed"))
    assert (answer.status, answer.headers["x-audio-gateway-model"], answer.body) == (200, "spare", tone(SENTENCES))
    assert provider.texts[1:] == [SENTENCES]


def test_after_the_first_part_there_is_no_fallback(harness: AudioHarness) -> None:
    speaking(harness, fails_at(2, 0))
    with pytest.raises(BrokenResponse):
        harness.handlers["speech"].stream(speech(model="backed"), Context(900_000), FakeStream())


def test_a_caller_who_disconnects_ends_both_calls_and_pays_once(harness: AudioHarness) -> None:
    ended = [threading.Event() for _ in range(3)]
    second_is_asked = threading.Event()

    def speak(request: SynthesisCall, number: int) -> Iterator[bytes]:
        cancelled = threading.Event()
        assert request.deadline.cancellation is not None
        request.deadline.cancellation.add(cancelled.set)
        try:
            if number == 1:
                yield tone(request.text)[:480]
                assert second_is_asked.wait(10)
                yield tone(request.text)[480:]
            second_is_asked.set()
            assert cancelled.wait(10)
            raise ProviderUnavailable("The connection was shut down.", provider="fake", worked=True)
        finally:
            ended[number].set()

    speaking(harness, speak)
    with pytest.raises(ClientDisconnected):
        harness.handlers["speech"].stream(speech(), Context(900_000), FakeStream(disconnect_after=1000))
    assert all(event.wait(10) for event in ended[1:])
    assert [work.price_microusd for work in harness.meter.settled] == [harness.meter.admitted[0].price_microusd]


def test_no_thread_is_left_behind(harness: AudioHarness) -> None:
    stream(harness.handlers["speech"], speech())  # starts what every process has
    before = threading.active_count()
    for number in range(60):
        speaking(harness, plainly if number % 3 == 0 else fails_at(2, 480 * (number % 2)))
        response = FakeStream(disconnect_after=100 if number % 5 == 0 else None)
        with suppress(BrokenResponse, ClientDisconnected):
            harness.handlers["speech"].stream(speech(), Context(900_000), response)
    assert threading.active_count() == before


# ------------------------------------------------------------------------------------------------ events


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_events_are_sent_while_the_text_is_spoken_and_hold_the_file(
    harness: AudioHarness, response_format: str
) -> None:
    response = FakeStream()

    def speak(request: SynthesisCall, number: int) -> Iterator[bytes]:
        if number == 2:
            response.wait_for_pieces(1)
        yield tone(request.text)

    speaking(harness, speak)
    events = speech(response_format=response_format, stream_format="sse")
    harness.handlers["speech"].stream(events, Context(900_000), response)
    answer = response.answer
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *deltas, done, end, rest = answer.body.split(b"\r\n\r\n")
    pieces = [json.loads(delta.removeprefix(b"data: ")) for delta in deltas]
    assert {piece["type"] for piece in pieces} == {"speech.audio.delta"}
    sound = [base64.b64decode(piece["audio"]) for piece in pieces]
    assert max(map(len, sound)) <= 4096
    assert b"".join(sound) == stream(harness.handlers["speech"], speech(response_format=response_format)).body
    assert json.loads(done.removeprefix(b"data: ")) == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    }
    assert (end, rest) == (b"data: [DONE]", b"")


# ------------------------------------------------------------------------------------------------ repetitions


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_a_repetition_of_a_long_text_gets_the_same_bytes(harness: AudioHarness, stream_format: str) -> None:
    provider = speaking(harness, plainly)
    request = speech(stream_format=stream_format, response_format="wav")
    request["headers"]["Idempotency-Key"] = "once"
    request["multiValueHeaders"]["Idempotency-Key"] = ["once"]
    first, again = (stream(harness.handlers["speech"], request) for _ in range(2))
    calls = len(provider.asked)
    assert (first.status, again.status, again.headers["x-audio-gateway-replayed"]) == (200, 200, "true")
    assert first.body == again.body
    assert len(harness.meter.settled) == 1
    assert len(provider.asked) == calls
