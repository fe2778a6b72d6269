"""A handler that raises an exception, before the first byte of its response or later."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from audio_gateway.response_stream import ClientDisconnected, ResponseStream
from tests.fakes.runtime_api import FakeRuntimeApi
from tests.unit.lambda_runtime.serving import HEADERS, Runtime, Stream, Streaming, sending


def no_response(_event: Any, _context: Any, _response: ResponseStream) -> None:
    """Return without having started."""


def failing_at_once(_event: Any, _context: Any, _response: ResponseStream) -> None:
    raise LookupError("no voice")


def failing_after_the_headers(_event: Any, _context: Any, response: ResponseStream) -> None:
    response.start(200, HEADERS)
    raise LookupError("no voice")


def failing_after_a_piece(_event: Any, _context: Any, response: ResponseStream) -> None:
    response.start(200, HEADERS)
    response.write(b"half")
    raise LookupError("no voice")


@pytest.mark.parametrize("answer", [failing_at_once, failing_after_the_headers])
def test_an_error_before_the_first_byte_is_posted_as_an_error(
    answer: Stream, api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    error = json.loads(call.wait().body)
    assert (call.kind, call.answers) == ("error", [202])
    assert call.sent_headers["Lambda-Runtime-Function-Error-Type"] == "LookupError"
    assert call.sent_headers["Content-Type"] == "application/json"
    assert (error["errorType"], error["errorMessage"], error["requestId"]) == (
        "LookupError",
        "no voice",
        call.request_id,
    )
    assert error["stackTrace"][-1].endswith('raise LookupError("no voice")\n')
    assert "/lambda_runtime/loop.py" not in "".join(error["stackTrace"])
    assert capsys.readouterr().out.startswith(
        "[ERROR] LookupError: no voice\rTraceback (most recent call last):\r\u00a0\u00a0File"
    )


def test_a_handler_that_never_starts_its_response_is_an_error(api: FakeRuntimeApi) -> None:
    call = api.invoke()
    Runtime(api, Streaming(no_response)).serve()
    assert (call.wait().kind, json.loads(call.body)["errorMessage"]) == ("error", "the response has not started")


def test_an_error_after_the_first_byte_ends_the_body_with_trailers(
    api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    call = api.invoke()
    Runtime(api, Streaming(failing_after_a_piece)).serve()
    assert (call.wait().kind, call.content, call.broken, call.answers) == ("response", b"half", None, [202])
    body = call.trailers.pop("Lambda-Runtime-Function-Error-Body")
    assert json.loads(base64.b64decode(body, validate=True)) == {
        "errorType": "LookupError",
        "errorMessage": "no voice",
        "stackTrace": [],
    }
    assert call.trailers == {"Lambda-Runtime-Function-Error-Type": "LookupError"}
    assert bytes(api.connections[0]).endswith(b"\r\n\r\n")
    assert "Traceback" in capsys.readouterr().out


@pytest.mark.parametrize("message", ["\u65e5" * 100_000, "\0" * 100_000, "\ud800", "a\r\nb: c"])
def test_an_error_of_any_text_fits_into_its_trailers(message: str, api: FakeRuntimeApi) -> None:
    error = type("\u00dcberlauf" * 1000, (Exception,), {})

    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        response.write(b"half")
        raise error(message)

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert (call.wait().content, call.broken) == (b"half", None)
    assert call.trailers["Lambda-Runtime-Function-Error-Type"].startswith("\\xdcberlauf")


def test_an_error_after_the_end_is_only_logged(api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        response.write(b"all")
        response.end()
        raise LookupError("no table")

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert (call.wait().content, call.broken, call.trailers, call.answers) == (b"all", None, {}, [202])
    assert "[ERROR] LookupError: no table" in capsys.readouterr().out


def start_twice(response: ResponseStream) -> None:
    response.start(200, HEADERS)
    response.start(200, HEADERS)


def write_first(response: ResponseStream) -> None:
    response.write(b"a")


def end_first(response: ResponseStream) -> None:
    response.end()


def write_last(response: ResponseStream) -> None:
    response.start(200, HEADERS)
    response.end()
    response.write(b"a")


def start_after_a_piece(response: ResponseStream) -> None:
    response.start(200, HEADERS)
    response.write(b"a")
    response.start(200, HEADERS)


@pytest.mark.parametrize("misuse", [start_twice, write_first, end_first, write_last, start_after_a_piece])
def test_a_stream_is_used_in_its_order(misuse: Callable[[ResponseStream], None], api: FakeRuntimeApi) -> None:
    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        with pytest.raises(RuntimeError, match=r"has (not|already) started|has ended"):
            misuse(response)
        raise LookupError

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert call.wait().broken is None


def test_an_event_that_is_no_json_is_an_error(api: FakeRuntimeApi) -> None:
    call = api.invoke(b"{")
    Runtime(api, sending(b"a")).serve()
    assert (call.wait().kind, json.loads(call.body)["errorType"]) == ("error", "JSONDecodeError")


def test_the_next_invocation_is_served_after_an_error(api: FakeRuntimeApi) -> None:
    answers = iter([failing_at_once, failing_after_a_piece, sending(b"good").answer])

    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        next(answers)(event, context, response)

    calls = [api.invoke() for _ in range(3)]
    Runtime(api, Streaming(answer)).serve(3)
    assert [call.wait().kind for call in calls] == ["error", "response", "response"]
    assert calls[-1].content == b"good"


def test_a_process_that_is_told_to_end_sends_no_end_of_its_response(api: FakeRuntimeApi) -> None:
    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        response.write(b"half")
        raise SystemExit

    call = api.invoke()
    with pytest.raises(SystemExit):
        Runtime(api, Streaming(answer)).serve()
    assert call.wait().broken is not None


def test_a_handler_that_wrongly_says_that_its_caller_left_does_not_end_the_body_well(api: FakeRuntimeApi) -> None:
    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        response.write(b"half")
        raise ClientDisconnected

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert call.wait().trailers["Lambda-Runtime-Function-Error-Type"] == "ClientDisconnected"
