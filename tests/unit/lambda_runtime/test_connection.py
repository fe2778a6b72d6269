"""One connection, and what may happen to it."""

from __future__ import annotations

import socket
from collections.abc import Iterable

import pytest

from audio_gateway.lambda_runtime.connection import Connection
from tests.fakes.runtime_api import FakeRuntimeApi


class Scripted(Connection):
    """Receives the given pieces, then the end of the connection."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__("127.0.0.1:1")
        self._pieces = iter(pieces)

    def _fill(self, deadline: float | None) -> bool:  # noqa: ARG002 -- as it is
        piece = next(self._pieces, b"")
        self._received += piece
        return bool(piece)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n"
COUNTED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"
OPEN = b"HTTP/1.1 200 OK\r\n\r\nabcde"


@pytest.mark.parametrize("answer", [CHUNKED, COUNTED, OPEN])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_response_may_arrive_in_any_pieces(answer: bytes, size: int) -> None:
    pieces = [answer[begin : begin + size] for begin in range(0, len(answer), size)]
    received = Scripted(pieces).receive(None)
    assert (received.status, received.body) == (200, b"abcde")


@pytest.mark.parametrize("answer", [CHUNKED, COUNTED])
def test_a_response_that_is_cut_off_is_an_error(answer: bytes) -> None:
    for length in range(len(answer)):
        with pytest.raises(ConnectionError, match="closed"):
            Scripted([answer[:length]]).receive(None)


def test_a_response_may_say_that_its_connection_is_not_used_again(api: FakeRuntimeApi) -> None:
    connection = Connection(api.address)
    request = b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    connection.send([request], None)
    assert connection.receive(None).headers["connection"] == "close"
    assert connection._socket is None


def test_small_pieces_are_not_delayed(api: FakeRuntimeApi) -> None:
    connection = Connection(api.address)
    connection.send([b"GET"], None)
    assert connection._socket is not None
    assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    connection.close()
