"""Requests whose length is wrong or whose end is missing: no function sees one that is not whole."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from local.api_gateway import ApiGateway
from local.http_server import HttpServer, listen, port_of
from tests.unit.local.builders import Functions, api, route

pytestmark = pytest.mark.slow

BODY = b"The whole body."


def exchange(request: bytes, *, hang_up: bool = True) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Send these very bytes and, usually, close our half: the statuses of the answers, and the function's events."""
    functions = Functions(work=lambda _: {"statusCode": 200, "body": ""})

    async def main() -> bytes:
        sock = listen()
        gateway = ApiGateway(api(route("/things")), functions.begin)
        server = HttpServer({port_of(sock): gateway}, gateway)
        serving = asyncio.ensure_future(server.serve([sock]))
        await server.listening.wait()
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(sock))
        try:
            writer.write(request)
            if hang_up:
                writer.write_eof()
            return await asyncio.wait_for(reader.read(), 60)
        finally:
            writer.close()
            server.should_exit = True
            await serving

    answer = asyncio.run(main())
    return [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]], [event for _, event in functions.events]


def post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /v1/things HTTP/1.1", "Host: x", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def body_of(event: dict[str, Any]) -> bytes:
    return base64.b64decode(event["body"] or "")


def test_the_request_of_these_tests_is_right() -> None:
    statuses, (event,) = exchange(post(BODY, f"Content-Length: {len(BODY)}"), hang_up=False)
    assert (statuses, body_of(event)) == ([b"200"], BODY)


@pytest.mark.parametrize("missing", [1, 9, len(BODY)])
def test_a_body_that_ends_before_its_length_reaches_no_function(missing: int) -> None:
    statuses, events = exchange(post(BODY[: len(BODY) - missing], f"Content-Length: {len(BODY)}"))
    assert statuses in ([], [b"400"])
    assert events == []


def test_a_length_that_is_too_short_cuts_the_body() -> None:
    _, (event,) = exchange(post(BODY, f"Content-Length: {len(BODY) - 5}"))  # the rest is no request: it hangs up
    assert body_of(event) == BODY[:-5]


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "9" * 30, "5, 6"])
def test_a_length_that_is_no_length_is_refused(length: str) -> None:
    statuses, events = exchange(post(BODY, f"Content-Length: {length}"))
    assert statuses in ([b"400"], [b"413"])
    assert events == []


def test_a_body_in_chunks_of_any_size_arrives_whole() -> None:
    chunks = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in (BODY[:1], BODY[1:9], BODY[9:]))
    statuses, (event,) = exchange(post(chunks + b"0\r\n\r\n", "Transfer-Encoding: chunked"), hang_up=False)
    assert (statuses, body_of(event)) == ([b"200"], BODY)


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n{}\r\n0\r\n\r\n", b"5\r\n{", b"-5\r\n{}\r\n0\r\n\r\n", b"f\r\n" + BODY + b"\r\n", b"f\r\n" + BODY],
    ids=["no number", "cut off", "negative", "without the last", "without its end"],
)
def test_chunks_that_are_not_whole_reach_no_function(chunks: bytes) -> None:
    statuses, events = exchange(post(chunks, "Transfer-Encoding: chunked"))
    assert statuses in ([], [b"400"])
    assert events == []


def test_a_request_with_a_length_and_chunks_is_not_read_in_two_ways() -> None:
    """What follows the last chunk would be another request to a reader that believes the length."""
    hidden = b"GET /v1/things?hidden=1 HTTP/1.1\r\nHost: x\r\n\r\n"
    statuses, events = exchange(post(b"0\r\n\r\n" + hidden, "Content-Length: 5", "Transfer-Encoding: chunked"))
    assert len(statuses) <= 1
    assert [event for event in events if event["queryStringParameters"]] == []
