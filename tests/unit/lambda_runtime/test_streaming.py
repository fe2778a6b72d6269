"""A response that arrives while it is made."""

from __future__ import annotations

import re
import threading
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.response_stream import ResponseStream
from tests.examples import examples
from tests.fakes.runtime_api import MAX_PRELUDE_BYTES, SECONDS, FakeRuntimeApi
from tests.unit.lambda_runtime.serving import HEADERS, Runtime, Streaming, in_background, sending

CONVERSATION = (
    b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"
    b"Host: ADDRESS\r\n"
    b"User-Agent: AGENT\r\n"
    b"\r\n"
    b"POST /2018-06-01/runtime/invocation/00000000-0000-0000-0000-000000000001/response HTTP/1.1\r\n"
    b"Host: ADDRESS\r\n"
    b"User-Agent: AGENT\r\n"
    b"Lambda-Runtime-Function-Response-Mode: streaming\r\n"
    b"Transfer-Encoding: chunked\r\n"
    b"Content-Type: application/vnd.awslambda.http-integration-response\r\n"
    b"Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
    b"\r\n"
    b"4b\r\n"
    b'{"statusCode": 200, "headers": {"Content-Type": "audio/mpeg"}}' + b"\0" * 8 + b"\r\n"
    b"5\r\nfirst\r\n"
    b"6\r\nsecond\r\n"
    b"0\r\n\r\n"
)


def test_a_conversation_is_what_aws_documents_byte_for_byte(api: FakeRuntimeApi) -> None:
    call = api.invoke()
    Runtime(api, sending(b"first", b"second")).serve()
    call.wait()
    said = bytes(api.connections[0]).replace(api.address.encode(), b"ADDRESS")
    expected = CONVERSATION.replace(b"4b\r\n", b"%x\r\n" % (62 + 8))
    assert re.sub(rb"audio-gateway/[\d.]+ python/[\d.]+", b"AGENT", said) == expected
    assert (call.broken, call.answers, call.trailers) == (None, [202], {})


def test_each_piece_arrives_when_it_is_written(api: FakeRuntimeApi) -> None:
    arrived = threading.Semaphore(0)

    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        for piece in (b"a", b"b", b"c"):
            response.write(piece)
            assert arrived.acquire(timeout=SECONDS)

    call = api.invoke()
    with in_background(Runtime(api, Streaming(answer))):
        assert call.piece().endswith(b"\0" * 8)
        for piece in (b"a", b"b", b"c"):
            assert call.piece() == piece
            arrived.release()


def test_the_handler_may_go_on_when_the_response_has_ended(api: FakeRuntimeApi) -> None:
    ended = threading.Event()

    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        response.start(204, [])
        response.end()
        assert ended.wait(SECONDS)
        assert not response.is_disconnected()
        response.end()  # once more does no harm

    call = api.invoke()
    with in_background(Runtime(api, Streaming(answer))):
        call.wait()
        ended.set()
    assert (call.prelude, call.content, call.broken) == ({"statusCode": 204, "headers": {}}, b"", None)


def test_a_repeated_header_is_a_list(api: FakeRuntimeApi) -> None:
    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        response.start(200, [("Vary", "Origin"), ("ETag", '"1"'), ("vary", "Accept"), ("x-name", "caf\u00e9")])

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert call.wait().prelude == {
        "statusCode": 200,
        "headers": {"ETag": '"1"', "x-name": "caf\u00e9"},
        "multiValueHeaders": {"Vary": ["Origin", "Accept"]},
    }


@pytest.mark.parametrize(
    "header",
    [
        ("x-text", "\u65e5\u672c"),
        ("x-text", "a\r\nx: b"),
        ("x-text", "a\0b"),
        ("x text", "a"),
        ("", "a"),
        ("\u00e9", "a"),
    ],
)
def test_what_is_no_header_of_http_is_refused_before_anything_is_sent(
    header: tuple[str, str], api: FakeRuntimeApi
) -> None:
    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        response.start(200, [header])

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert (call.wait().kind, call.sent_headers["Lambda-Runtime-Function-Error-Type"]) == ("error", "ValueError")


def test_headers_that_api_gateway_would_not_read_are_refused(api: FakeRuntimeApi) -> None:
    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        empty = len('{"statusCode": 200, "headers": {"x": ""}}') + 8
        with pytest.raises(ValueError, match="API Gateway reads 16384"):
            response.start(200, [("x", "a" * (MAX_PRELUDE_BYTES - empty + 1))])
        response.start(200, [("x", "a" * (MAX_PRELUDE_BYTES - empty))])
        response.write(b"body")

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert (call.wait().content, call.broken) == (b"body", None)


def test_an_empty_piece_does_not_end_the_body(api: FakeRuntimeApi) -> None:
    call = api.invoke()
    Runtime(api, sending(b"", b"a", b"", b"b", b"")).serve()
    assert (call.wait().content, call.broken) == (b"ab", None)


@given(st.binary(max_size=5_000), st.lists(st.integers(0, 5_000)))
@examples(50)
def test_any_division_of_a_body_arrives_as_the_same_body(body: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[begin:end] for begin, end in pairwise(places)]
    with FakeRuntimeApi() as api:
        call = api.invoke()
        Runtime(api, sending(*pieces)).serve()
        assert (call.wait().content, call.broken) == (body, None)


def test_a_slow_reader_blocks_the_writer() -> None:
    written: list[int] = []
    blocked = threading.Event()
    piece = bytes(65_536)
    pieces = 400  # 26 MB: more than the buffers of the kernel hold

    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        response.write(b"begun")
        assert blocked.wait(SECONDS)
        for number in range(pieces):
            response.write(piece)
            written.append(number)

    with FakeRuntimeApi(receive_buffer=65_536) as api:
        call = api.invoke(keep=False)
        with in_background(Runtime(api, Streaming(answer))) as served:
            assert call.begun.wait(SECONDS)
            call.reading.clear()
            blocked.set()
            with pytest.raises(TimeoutError):
                served.result(0.1)  # it would be done by now if anything kept what is written
            assert len(written) < pieces
            call.reading.set()
        assert call.wait().received_bytes > pieces * len(piece)
        assert len(written) == pieces
