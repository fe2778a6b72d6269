"""HTTP/1.1 to the Lambda Runtime API: one connection, without any import that would slow down a cold start.

`http.client` takes several milliseconds to import and a tenth of one for each response. Sending must also notice a
response that comes before the request has ended, and stop.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

_RECEIVE_BYTES: Final = 65_536


class AnsweredEarly(ConnectionError):
    """The other side answered or closed the connection while the request was being sent."""


class Answer(NamedTuple):
    """A response. The names of the headers are lower-case, and their values are decoded as Latin-1."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """A connection that is opened when it is needed, and again after it was closed.

    Deadlines are in Unix seconds; None means that there is none. All methods raise `OSError` (`TimeoutError` after the
    deadline), after which the connection must be closed.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._family, self._address = found[0], found[4]
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._readable = select.poll()
        self._writable = select.poll()  # or readable

    def send(self, parts: Sequence[bytes | memoryview], deadline: float | None) -> None:
        """Send the parts one after the other, without joining them. Waits while the other side reads slowly.

        Raises:
            AnsweredEarly: before the request has ended, there is something to receive.
        """
        connected = self._connected()
        rest: list[bytes | memoryview] = list(parts)
        while rest:
            if self.has_answer():
                raise AnsweredEarly
            try:
                sent = connected.sendmsg(rest)
            except BlockingIOError:
                _wait(self._writable, deadline)
            else:
                rest = _behind(rest, sent)

    def has_answer(self) -> bool:
        """Whether there is something to receive, be it only the end of the connection. Does not wait.

        Any thread may ask, also while another one sends. (Two may not use the same `select.poll`.)
        """
        connected = self._socket
        if connected is None:
            return False
        try:
            connected.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def receive(self, deadline: float | None) -> Answer:
        """Wait for a response, and read it."""
        head = self._take_line(b"\r\n\r\n", deadline).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks(deadline)
        elif "content-length" in headers:
            body = self._take(int(headers["content-length"]), deadline)
        else:
            body = self._take_all(deadline)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(first.split(" ", 2)[1]), headers, body)

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._socket is not None:
            self._readable.unregister(self._socket)
            self._writable.unregister(self._socket)
            self._socket.close()
            self._socket = None
            self._received.clear()

    def close_if_stale(self) -> None:
        """Close the connection if the other side has closed it. Call it only between a response and a request."""
        if self.has_answer():
            self.close()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            connected = socket.socket(self._family, socket.SOCK_STREAM)
            try:
                connected.connect(self._address)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                connected.close()
                raise
            connected.settimeout(0)
            self._readable.register(connected, select.POLLIN)
            self._writable.register(connected, select.POLLIN | select.POLLOUT)
            self._socket = connected
        return self._socket

    def _take_line(self, end: bytes, deadline: float | None) -> bytes:
        searched = 0
        while (found := self._received.find(end, searched)) < 0:
            searched = max(0, len(self._received) - len(end) + 1)
            if not self._fill(deadline):
                raise ConnectionError("the Runtime API closed the connection")
        return self._take(found + len(end), deadline)[: -len(end)]

    def _take(self, count: int, deadline: float | None) -> bytes:
        while len(self._received) < count:
            if not self._fill(deadline):
                raise ConnectionError("the Runtime API closed the connection")
        taken = bytes(memoryview(self._received)[:count])
        del self._received[:count]
        return taken

    def _take_all(self, deadline: float | None) -> bytes:
        while self._fill(deadline):
            pass
        taken = bytes(self._received)
        self.close()
        return taken

    def _chunks(self, deadline: float | None) -> bytes:
        chunks = []
        while size := int(self._take_line(b"\r\n", deadline).partition(b";")[0], 16):
            chunks.append(self._take(size, deadline))
            self._take_line(b"\r\n", deadline)
        while self._take_line(b"\r\n", deadline):  # trailers
            pass
        return b"".join(chunks)

    def _fill(self, deadline: float | None) -> bool:
        """Receive more. Returns False at the end of the connection."""
        connected = self._connected()
        _wait(self._readable, deadline)
        data = connected.recv(_RECEIVE_BYTES)
        self._received += data
        return bool(data)


def _wait(poll: select.poll, deadline: float | None) -> None:
    if not poll.poll(None if deadline is None else max(0.0, deadline - time.time()) * 1000):
        raise TimeoutError("the Runtime API did not react before the deadline")


def _behind(parts: list[bytes | memoryview], sent: int) -> list[bytes | memoryview]:
    """The parts that remain after so many bytes of them were sent."""
    for index, part in enumerate(parts):
        if sent < len(part):
            return [memoryview(part)[sent:], *parts[index + 1 :]]
        sent -= len(part)
    return []
