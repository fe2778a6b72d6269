"""Reading server-sent events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.openai.sse import ServerSentEvent, events

STREAM = (
    "\ufeff: hello\r\n\r\n"
    'event: transcript.text.delta\r\ndata: {"delta":\r\ndata:"caf\u00e9"}\r\nid: 7\r\nretry: 10\r\n\r\n'
    "data\n\n"
    "data:  two spaces\n\n"
    "data: carriage\r\r"
    "event: nothing\n\n"
    "data: [DONE]\n\n"
    "data: unterminated\n"
).encode()

EVENTS = [
    ServerSentEvent("transcript.text.delta", '{"delta":\n"caf\u00e9"}'),
    ServerSentEvent("message", ""),
    ServerSentEvent("message", " two spaces"),
    ServerSentEvent("message", "carriage"),
    ServerSentEvent("message", "[DONE]"),
]


def test_the_events_of_a_stream() -> None:
    assert list(events([STREAM])) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_they_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    assert list(events(STREAM[a:b] for a, b in itertools.pairwise(places))) == EVENTS


def test_they_are_the_same_byte_by_byte() -> None:
    assert list(events(bytes([byte]) for byte in STREAM)) == EVENTS


def test_a_last_line_that_ends_with_a_carriage_return_is_a_line() -> None:
    assert list(events([b"data: a\r\r"])) == [ServerSentEvent("message", "a")]


@pytest.mark.parametrize("blank", [b"\n\n", b"\r\r", b"\r\n\r\n", b"\r\n\r"])
def test_an_event_comes_out_as_soon_as_its_blank_line_has_come(blank: bytes) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"data: first" + blank
        raise AssertionError("read too far")

    assert next(events(chunks())).data == "first"


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        list(events([b"data: \xff\n\n"]))
