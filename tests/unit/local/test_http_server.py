"""The server under misuse by clients, with real connections."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local.api_gateway import MAX_BODY_BYTES, ApiGateway
from local.asgi import Receive, Scope, Send
from local.http_server import HttpServer, listen, port_of
from local.settings import StackError
from tests.unit.local.builders import Functions, api, route

pytestmark = pytest.mark.slow


def echo(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": json.dumps(event)}


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]


def serve(scenario: Callable[[Connect], Awaitable[None]]) -> None:
    async def main() -> None:
        sock = listen()
        front = ApiGateway(api(route("/things")), Functions(work=echo).begin)
        server = HttpServer({port_of(sock): front}, front)
        serving = asyncio.ensure_future(server.serve([sock]))
        await server.listening.wait()
        port = port_of(sock)
        try:
            await scenario(lambda: asyncio.open_connection("127.0.0.1", port))
        finally:
            server.should_exit = True
            await serving

    asyncio.run(main())


async def exchange(connect: Connect, request: bytes) -> bytes:
    reader, writer = await connect()
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


def test_an_application_that_asks_for_it_is_started_and_stopped() -> None:
    seen: list[str] = []

    async def application(_: Scope, receive: Receive, send: Send) -> None:
        for event in ("startup", "shutdown"):
            seen.append((await receive())["type"])
            await send({"type": f"lifespan.{event}.complete"})

    async def main() -> None:
        server = HttpServer({}, application, lifespan="on")
        serving = asyncio.ensure_future(server.serve([listen()]))
        await server.listening.wait()
        assert seen == ["lifespan.startup"]
        server.should_exit = True
        await serving

    asyncio.run(main())

    assert seen == ["lifespan.startup", "lifespan.shutdown"]


GOOD = b"GET /v1/things HTTP/1.1\r\nHost: here:1\r\nX-Mixed-Case: 1\r\nConnection: close\r\n\r\n"


def test_header_names_keep_their_case() -> None:
    async def scenario(connect: Connect) -> None:
        body = (await exchange(connect, GOOD)).partition(b"\r\n\r\n")[2]
        event = json.loads(body)
        assert event["headers"]["X-Mixed-Case"] == "1"
        assert event["requestContext"]["domainName"] == "here:1"

    serve(scenario)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /v1/things HTTP/9.9\r\n\r\n", b"400"),
        (b"GET /v1/things HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", b"400"),
        (b"POST /v1/things HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /v1/things HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\nConnection: close\r\n\r\n", b"413"),
        (b"GET /v1/things HTTP/1.1\r\nX: " + b"x" * 200_000, b"431"),
        (b"GET /v1/things?" + b"x" * 200_000, b"431"),
        (b"GET http://elsewhere/v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
        (b"HEAD /v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET /v1/things HTTP/1.0\r\n\r\n", b"200"),
    ],
)
def test_malformed_requests_get_a_status_and_do_not_harm_the_server(request_: bytes, status: bytes) -> None:
    async def scenario(connect: Connect) -> None:
        answer = await exchange(connect, request_)
        assert answer.split(b" ", 2)[1] == status
        if request_.startswith(b"HEAD"):
            assert answer.endswith(b"\r\n\r\n")
        assert (await exchange(connect, GOOD)).startswith(b"HTTP/1.1 200")

    serve(scenario)


def test_a_slow_client_does_not_delay_others() -> None:
    async def scenario(connect: Connect) -> None:
        slow_reader, slow_writer = await connect()
        slow_writer.write(GOOD[:20])
        assert (await exchange(connect, GOOD)).startswith(b"HTTP/1.1 200")
        slow_writer.write(GOOD[20:])
        assert (await slow_reader.read()).startswith(b"HTTP/1.1 200")
        slow_writer.close()

    serve(scenario)


def test_a_too_large_body_is_refused_before_100_continue() -> None:
    async def scenario(connect: Connect) -> None:
        reader, writer = await connect()
        length = MAX_BODY_BYTES + 1
        writer.write(
            f"POST /v1/things HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413")
        writer.close()

    serve(scenario)


def test_a_chunked_body_over_the_limit_gets_a_response_while_it_is_sent() -> None:
    async def scenario(connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(b"POST /v1/things HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        for _ in range(15):
            writer.write(chunk)
            await writer.drain()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 413")
        writer.write(b"0\r\n\r\n")
        await asyncio.wait_for(reader.read(), 60)  # then the server disconnects
        writer.close()

    serve(scenario)


def test_several_requests_on_one_connection_are_answered_in_order() -> None:
    async def scenario(connect: Connect) -> None:
        keep = GOOD.replace(b"Connection: close\r\n", b"")
        answer = await exchange(connect, keep.replace(b"/things", b"/nothing") + keep + GOOD)
        assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"403", b"200", b"200"]

    serve(scenario)


CHUNKED = b"POST /v1/things HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


def test_trailers_are_no_headers() -> None:
    async def scenario(connect: Connect) -> None:
        answer = await exchange(connect, CHUNKED + b"2\r\nab\r\n0\r\nAuthorization: Bearer k\r\n\r\n")
        event = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert "Authorization" not in event["headers"]
        assert event["body"] == "YWI="

    serve(scenario)


def test_endless_trailers_are_refused() -> None:
    async def scenario(connect: Connect) -> None:
        assert (await exchange(connect, CHUNKED + b"0\r\nX: " + b"x" * 200_000)).split(b" ", 2)[1] == b"431"
        small_chunks = b"1\r\na\r\n" * 100_000
        assert (await exchange(connect, CHUNKED + small_chunks + b"0\r\n\r\n")).split(b" ", 2)[1] == b"200"

    serve(scenario)


def test_a_busy_port_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} cannot be used \(Address already in use\): choose another"):
            listen(port)
