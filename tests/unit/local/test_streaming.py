"""Streamed responses from a function to a client, through real connections."""

from __future__ import annotations

import asyncio
import json

import pytest

from local.lambda_service import TooManyRequests
from local.response_streams import StreamLimits
from tests.unit.local.builders import route
from tests.unit.local.fake_runtime import PRELUDE, Stack, play, prelude

pytestmark = pytest.mark.slow


def test_status_headers_and_pieces_reach_the_client_when_the_function_sends_them() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(prelude(201, {"Content-Type": "audio/mpeg", "X-Own": "1"}))
        status, headers = await client.head()
        assert (status, headers["content-type"], headers["x-own"]) == (201, "audio/mpeg", "1")
        assert headers["transfer-encoding"] == "chunked"
        assert {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"} <= headers.keys()
        for piece in (b"first", bytes(8), b"\xff" * 100_000):
            post.send(piece)
            assert await client.body(len(piece)) == piece
        post.end()
        assert await client.body(1) == b""
        assert await post.status() == 202

    play(scenario)


def test_a_prelude_may_arrive_byte_by_byte_and_bring_the_start_of_the_body() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(*(PRELUDE[at : at + 1] for at in range(len(PRELUDE) - 1)))
        post.send(PRELUDE[-1:] + b"\0body")
        assert (await client.head())[0] == 200
        assert await client.body(5) == b"\0body"

    play(scenario)


def test_a_client_keeps_its_connection_for_the_next_request() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        for _ in range(2):
            (await runtime.stream(PRELUDE + b"whole")).end()
            await client.head()
            assert await client.body(99) == b"whole"
            client.writer.write(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
            await runtime.next()

    play(scenario)


def test_a_declared_length_replaces_the_chunks() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(prelude(200, {"Content-Length": "6"}) + b"abc")
        _, headers = await client.head()
        assert headers["content-length"] == "6"
        assert "transfer-encoding" not in headers
        assert await client.reader.readexactly(3) == b"abc"
        post.send(b"def")
        post.end()
        assert await client.reader.readexactly(3) == b"def"

    play(scenario)


@pytest.mark.parametrize("body", [b"abcde", b"abcdefg"])
def test_a_body_of_another_length_than_declared_is_cut_off_before_its_end(
    body: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(prelude(200, {"Content-Length": "6"}), body)
        post.end()
        await client.head()
        assert len(await client.rest()) < 6

    play(scenario)
    assert "Content-Length" in capfd.readouterr().out


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_body_has_none(status: int) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        (await runtime.stream(prelude(status, {"Content-Length": "4"}) + b"body")).end()
        assert (await client.head())[0] == status
        client.writer.write(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.head())[0] == 403

    play(scenario)


def test_a_head_request_gets_the_headers_alone() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange(method="HEAD")
        (await runtime.stream(prelude(200, {"Content-Length": "4"}))).end()
        assert (await client.head())[1]["content-length"] == "4"
        client.writer.write(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.head())[0] == 403

    play(scenario)


BAD_STARTS = {
    "not JSON": b"status 200" + bytes(8),
    "not an object": b"[]" + bytes(8),
    "no status": b'{"headers": {}}' + bytes(8),
    "7 NUL bytes": b'{"statusCode": 200}' + bytes(7) + b"body",
    "too long": b'{"statusCode": 200, "headers": {"x": "' + b"x" * 20_000 + b'"}}' + bytes(8),
    "bad length": b'{"statusCode": 200, "headers": {"Content-Length": "many"}}' + bytes(8),
    "nothing": b"",
}


@pytest.mark.parametrize("start", BAD_STARTS.values(), ids=BAD_STARTS)
def test_a_stream_without_a_valid_prelude_gets_502(start: bytes) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(*filter(None, [start]))
        post.end()
        assert (await client.head())[0] == 502

    play(scenario)


def test_an_endless_prelude_is_read_no_further() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(b"x" * 20_000)
        assert (await client.head())[0] == 502
        await post.connection.closed()

    play(scenario)


def test_a_failure_before_the_prelude_gets_502_and_its_reason_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(PRELUDE[:10])
        post.fail("ValueError", "no voice")
        assert (await client.head())[0] == 502
        assert await post.status() == 202
        client = await stack.request()
        await runtime.next()
        (await runtime.stream(PRELUDE[:10])).connection.close()
        assert (await client.head())[0] == 502
        client = await stack.request()
        await runtime.next()
        assert await runtime.answer(b'{"errorMessage": "x"}', "error") == 202
        assert (await client.head())[0] == 502

    play(scenario)
    printed = capfd.readouterr().out
    assert "ValueError: no voice" in printed
    assert "before the end of its response" in printed


def test_a_failure_after_the_prelude_cuts_the_client_off(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(PRELUDE + b"half")
        await client.head()
        assert await client.body(4) == b"half"
        post.fail("ProviderError", "the provider has left")
        await client.closed()
        assert await post.status() == 202

        client = await stack.request()
        await runtime.next()
        post = await runtime.stream(PRELUDE + b"half")
        await client.head()
        assert await client.body(4) == b"half"
        post.connection.close()
        await client.closed()

    play(scenario)
    assert "GET /v1/stream 200 cut off: ProviderError: the provider has left" in capfd.readouterr().out


def test_a_total_timeout_before_the_headers_gets_504_and_the_function_cannot_stream_any_more() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        assert (await client.head())[0] == 504
        await (await runtime.stream(PRELUDE)).connection.closed()

    play(scenario, routes=[route("/stream", streams=True, timeout_s=0.05)])


def test_a_total_timeout_after_the_headers_cuts_the_client_off() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(PRELUDE)
        await client.head()
        while not client.reader.at_eof():  # bytes do not extend it
            post.send(b"x")
            await client.reader.read(100)
        await post.connection.closed()

    play(scenario, routes=[route("/stream", streams=True, timeout_s=0.5)])


def test_an_idle_timeout_before_the_headers_gets_504() -> None:
    async def scenario(stack: Stack) -> None:
        client, _ = await stack.exchange()
        assert (await client.head())[0] == 504

    play(scenario, idle_s=0.05)


def test_an_idle_timeout_after_the_headers_cuts_the_client_off(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(PRELUDE)
        await client.head()
        await client.closed()
        await post.connection.closed()

    play(scenario, idle_s=0.5)
    assert "cut off: it took too long" in capfd.readouterr().out


def test_a_response_over_lambdas_limit_is_cut_off(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(PRELUDE, b"x" * 500)
        await client.head()
        post.send(b"x" * 501)
        assert not (await client.rest()).endswith(b"0\r\n\r\n")
        await post.connection.closed()

    play(scenario, limits=StreamLimits(max_bytes=1_000 + len(PRELUDE)))
    assert "ResponseSizeTooLarge" in capfd.readouterr().out


def test_bytes_after_the_first_ones_are_paced() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        clock = asyncio.get_running_loop().time
        post = await runtime.stream(PRELUDE)
        await client.head()
        started = clock()
        for _ in range(4):
            post.send(b"x" * 1_000)
            assert len(await client.body(1_000)) == 1_000
        assert clock() - started > 0.19

    play(scenario, limits=StreamLimits(unpaced_bytes=len(PRELUDE) + 2_000, bytes_per_s=10_000))


def test_a_function_that_does_not_stream_behind_a_route_that_does_gets_502(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        assert await runtime.answer(b'{"statusCode": 200, "body": ""}') == 202
        assert (await client.head())[0] == 502

    play(scenario)
    assert "did not stream" in capfd.readouterr().out


def test_a_function_that_streams_behind_a_route_that_does_not_gets_502(capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange("/v1/buffered")
        (await runtime.stream(PRELUDE + b"body")).end()
        assert (await client.head())[0] == 502

    play(scenario)
    assert "it streamed, but the route has the response transfer mode BUFFERED" in capfd.readouterr().out


def test_invoke_returns_the_collected_stream_and_an_error_if_it_breaks_off() -> None:
    async def scenario(stack: Stack) -> None:
        calls = [asyncio.ensure_future(stack.service.invoke("work", b"{}", ""))]
        runtime = await stack.runtime()
        await runtime.next()
        (await runtime.stream(PRELUDE, b"bo", b"dy")).end()
        result = await calls[0]
        assert (result.payload, result.error) == (PRELUDE + b"body", None)

        calls.append(asyncio.ensure_future(stack.service.invoke("work", b"{}", "")))
        await runtime.next()
        (await runtime.stream(PRELUDE, b"bo")).fail("ValueError", "no voice")
        result = await calls[1]
        assert result.error == "Unhandled"
        assert "no voice" in json.loads(result.payload)["errorMessage"]

        calls.append(asyncio.ensure_future(stack.service.invoke("work", b"{}", "")))
        await runtime.next()
        post = await runtime.stream()
        for _ in range(7):
            post.send(b"x" * 1_048_576)
        assert json.loads((await calls[2]).payload)["errorType"] == "Function.ResponseSizeTooLarge"

    play(scenario)


def test_a_client_that_hangs_up_closes_the_stream_of_a_silent_function_and_its_environment_stays() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        post = await runtime.stream(PRELUDE + b"half")
        await client.head()
        assert await client.body(4) == b"half"
        client.close()
        await post.connection.closed()

        client = await stack.request()
        await runtime.next()
        (await runtime.stream(PRELUDE + b"whole")).end()
        await client.head()
        assert await client.body(99) == b"whole"

    play(scenario)


def test_a_client_that_hangs_up_before_the_stream_closes_it_when_it_begins() -> None:
    async def scenario(stack: Stack) -> None:
        client, runtime = await stack.exchange()
        client.close()
        (invocation,) = [each.current for each in stack.service.pool("work").environments]
        assert invocation is not None
        await asyncio.wait([invocation.outcome], timeout=30)
        post = await runtime.stream(PRELUDE)
        await post.connection.closed()

        client = await stack.request()
        await runtime.next()
        (await runtime.stream(PRELUDE)).end()
        assert (await client.head())[0] == 200

    play(scenario)


def test_a_function_whose_client_hung_up_keeps_its_slot_until_it_asks_for_the_next_event() -> None:
    async def scenario(stack: Stack) -> None:
        stack.service._most = 1
        client, runtime = await stack.exchange()
        client.close()
        await (await runtime.stream(PRELUDE)).connection.closed()
        with pytest.raises(TooManyRequests):
            stack.service.begin("work", b"{}", "")
        (environment,) = stack.service.pool("work").environments
        invocation = environment.current
        assert invocation is not None
        await runtime.ask()
        await asyncio.wait([invocation.finished], timeout=30)
        await asyncio.sleep(0)
        stack.service.begin("work", b"{}", "")
        await runtime.next()

    play(scenario)


def test_four_streams_run_at_once_in_four_environments() -> None:
    async def scenario(stack: Stack) -> None:
        pairs = [await stack.exchange() for _ in range(4)]
        posts = [await runtime.stream(PRELUDE) for _, runtime in pairs]
        for client, _ in pairs:
            await client.head()
        for number in range(3):
            for post in posts:
                post.send(b"%d" % number)
            assert [await client.body(1) for client, _ in pairs] == [b"%d" % number] * 4

    play(scenario)


def test_another_call_cannot_be_answered_with_a_stream() -> None:
    async def scenario(stack: Stack) -> None:
        _, runtime = await stack.exchange()
        runtime.request_id = "old"
        assert await (await runtime.stream(PRELUDE)).status() == 400

    play(scenario)
