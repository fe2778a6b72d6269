"""A caller who goes away, as far as the Runtime API says so."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from audio_gateway.lambda_runtime.runtime_api import RuntimeApiFailed
from audio_gateway.response_stream import ClientDisconnected, ResponseStream
from tests.fakes.runtime_api import SECONDS, FakeRuntimeApi
from tests.unit.lambda_runtime.serving import HEADERS, Runtime, Streaming, in_background

PIECE = bytes(65_536)


class Recorder:
    """A handler that writes without end, and remembers what stopped it."""

    def __init__(self, *, swallows: bool = False) -> None:
        self.stopped: list[BaseException] = []
        self._swallows = swallows

    def __call__(self, _event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        try:
            while True:
                response.write(PIECE)
        except ClientDisconnected as error:
            self.stopped.append(error)
            assert response.is_disconnected()
            with pytest.raises(ClientDisconnected):
                response.write(PIECE)
            with pytest.raises(ClientDisconnected):
                response.end()
            if not self._swallows:
                raise


def then_good(first: Any) -> Streaming:
    """Return a handler that behaves as the given one the first time, and sends a response after that."""
    answers = iter([first, good])

    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        next(answers)(event, context, response)

    return Streaming(answer)


def good(_event: Any, _context: Any, response: ResponseStream) -> None:
    response.start(200, HEADERS)
    response.write(b"good")


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("swallows", [False, True])
def test_a_caller_who_leaves_while_we_write_stops_the_handler(
    swallows: bool,
    reset: bool,
    api: FakeRuntimeApi,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Recorder(swallows=swallows)
    left, following = api.invoke(), api.invoke()
    with in_background(Runtime(api, then_good(recorder)), 2):
        left.piece()
        left.disconnect(reset=reset)
        assert following.wait().content == b"good"
    assert len(recorder.stopped) == 1
    assert left.wait().broken is not None
    assert "ERROR" not in capsys.readouterr().out
    assert caplog.text == ""
    assert len(api.connections) == 2


def test_a_caller_who_leaves_while_we_work_is_noticed(api: FakeRuntimeApi) -> None:
    noticed = threading.Event()

    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        assert not response.is_disconnected()
        response.start(200, HEADERS)
        assert not response.is_disconnected()
        response.write(b"a")
        while not response.is_disconnected():
            pass
        noticed.set()
        raise ClientDisconnected

    left, following = api.invoke(), api.invoke()
    with in_background(Runtime(api, then_good(answer)), 2):
        left.disconnect()
        assert noticed.wait(SECONDS)
        assert following.wait().content == b"good"


def test_an_error_of_a_handler_whose_caller_has_left_is_logged(
    api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        response.write(b"a")
        while not response.is_disconnected():
            pass
        raise LookupError("no table")

    call = api.invoke()
    with in_background(Runtime(api, Streaming(answer))):
        call.disconnect()
    assert "[ERROR] LookupError: no table" in capsys.readouterr().out


def test_another_thread_may_look_while_the_response_is_sent(api: FakeRuntimeApi) -> None:
    looking = threading.Event()
    finished = threading.Event()
    current: list[ResponseStream] = []
    seen: list[bool] = []

    def look() -> None:
        while not finished.is_set():
            seen.extend(response.is_disconnected() for response in current)
            looking.set()

    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        current[:] = [response]
        response.start(200, HEADERS)
        for _ in range(100):
            response.write(b"a")
        looking.clear()
        assert looking.wait(SECONDS)
        response.end()

    invocations = 20
    calls = [api.invoke() for _ in range(invocations)]
    with ThreadPoolExecutor(1) as executor:
        looked = executor.submit(look)
        try:
            Runtime(api, Streaming(answer)).serve(invocations)
        finally:
            finished.set()
        looked.result(SECONDS)
    assert [call.wait().broken for call in calls] == [None] * invocations
    assert seen
    assert not any(seen)


def test_an_early_answer_stops_a_writer_that_is_blocked() -> None:
    recorder = Recorder()
    with FakeRuntimeApi(receive_buffer=65_536) as api:
        refused, following = api.invoke(keep=False), api.invoke()
        with in_background(Runtime(api, then_good(recorder)), 2):
            assert refused.begun.wait(SECONDS)
            refused.answer_early(413)
            assert following.wait().content == b"good"
    assert len(recorder.stopped) == 1


def test_an_early_answer_that_the_platform_is_broken_ends_the_process(api: FakeRuntimeApi) -> None:
    call = api.invoke(keep=False)

    def serve() -> None:
        with in_background(Runtime(api, Streaming(Recorder()))):
            assert call.begun.wait(SECONDS)
            call.answer_early(500)

    with pytest.raises(RuntimeApiFailed, match="status 500"):
        serve()


def test_a_writer_is_blocked_until_the_deadline_at_the_longest() -> None:
    recorder = Recorder()
    with FakeRuntimeApi(receive_buffer=65_536) as api:
        call = api.invoke(keep=False, seconds=0.1)
        call.reading.clear()
        Runtime(api, Streaming(recorder)).serve()
    assert isinstance(recorder.stopped[0].__cause__, TimeoutError)


def test_a_reader_that_was_too_slow_is_not_waited_for_until_the_function_is_killed() -> None:
    with FakeRuntimeApi(receive_buffer=65_536) as api:
        call = api.invoke(keep=False, seconds=2.6)  # 2.5 of which are for settling
        call.reading.clear()
        killed_at = time.time() + 2.6
        Runtime(api, Streaming(Recorder())).serve()
        assert time.time() < killed_at - 0.5


def test_an_error_is_not_reported_to_a_caller_who_leaves_at_that_moment(api: FakeRuntimeApi) -> None:
    raised = threading.Event()

    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        response.write(b"a")
        assert raised.wait(SECONDS)
        raise LookupError

    left, following = api.invoke(), api.invoke()
    with in_background(Runtime(api, then_good(answer)), 2):
        left.disconnect(reset=True)
        raised.set()
        assert following.wait().content == b"good"
