"""The load generator: a loop on raw sockets, in which each connection has one request at a time."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.peers.wire import MessageError, MessageReader

_READ_BYTES: Final = 1 << 20
TIMEOUT_S: Final = 60.0


@dataclass
class Exchange:
    """A request and its response. Times are of the monotonic clock; `arrivals` has the size of the body at each."""

    started_ns: int
    ended_ns: int = 0
    status: int = 0
    content_type: str = ""
    body: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, int]] = field(default_factory=list)
    failure: str = ""

    @property
    def ms(self) -> float:
        return (self.ended_ns - self.started_ns) / 1e6

    def arrival_of(self, size: int) -> int:
        """Return when the body had `size` bytes."""
        return next(at_ns for at_ns, had in self.arrivals if had >= size)


class _Connection:
    """One request after the other on a connection, which is opened again if the server closes it."""

    def __init__(self, selector: selectors.BaseSelector, port: int) -> None:
        self._selector = selector
        self._port = port
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(0)
        self._events = selectors.EVENT_READ
        self._selector.register(self._socket, self._events, self)

    def close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()

    def start(self, head: bytes, body: bytes) -> None:
        self.exchange = Exchange(time.monotonic_ns())
        self._reader = MessageReader(self.exchange.body.extend)
        # A small request is one packet; the bytes of a big body are not copied.
        parts = [head + body] if len(body) < 65_536 else [head, body]
        self._unsent = [memoryview(part) for part in parts]
        self._send()

    def _send(self) -> None:
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent[0])
                self._unsent[0] = self._unsent[0][sent:]
                if not self._unsent[0]:
                    del self._unsent[0]
        except BlockingIOError:
            self._watch(selectors.EVENT_READ | selectors.EVENT_WRITE)
        except OSError as error:
            self._fail(type(error).__name__)
        else:
            self._watch(selectors.EVENT_READ)

    def _watch(self, events: int) -> None:
        if events != self._events:
            self._selector.modify(self._socket, events, self)
            self._events = events

    def ready(self, events: int, buffer: memoryview) -> bool:
        """Send and receive what is possible. Returns whether the exchange has ended."""
        if events & selectors.EVENT_WRITE and self._unsent:
            self._send()
        if events & selectors.EVENT_READ and not self.exchange.ended_ns:
            self._receive(buffer)
        return bool(self.exchange.ended_ns)

    def _receive(self, buffer: memoryview) -> None:
        exchange = self.exchange
        try:
            size = self._socket.recv_into(buffer)
            now_ns = time.monotonic_ns()
            if not size:
                self._fail("the connection was closed")
                return
            self._reader.feed(buffer[:size])
        except (OSError, MessageError) as error:
            self._fail(f"{type(error).__name__}: {error}")
            return
        exchange.arrivals.append((now_ns, len(exchange.body)))
        if self._reader.complete:
            exchange.ended_ns = now_ns
            exchange.status = self._reader.status
            exchange.content_type = (self._reader.header(b"content-type") or b"").decode("latin-1")
            if (self._reader.header(b"connection") or b"").lower() == b"close":
                self._reopen()

    def _fail(self, how: str) -> None:
        self.exchange.failure = how
        self.exchange.ended_ns = time.monotonic_ns()
        self._unsent = []
        self._reopen()

    def _reopen(self) -> None:
        self.close()
        self._open()


def run(
    ports: Sequence[int], requests: Iterator[tuple[bytes, bytes]], concurrency: int, ended: Callable[[Exchange], None]
) -> float:
    """Send all requests, `concurrency` at a time and at least as many, and return the seconds that it took.

    The ports of a system are used in turn, so that each connection belongs to one process.
    """
    buffer = memoryview(bytearray(_READ_BYTES))
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(selector, ports[number % len(ports)]) for number in range(concurrency)]
        started_s = time.monotonic()
        for connection in connections:
            connection.start(*next(requests))
        running = concurrency
        while running:
            ready = selector.select(TIMEOUT_S)
            if not ready:
                raise TimeoutError(f"no byte has arrived in {TIMEOUT_S} seconds")
            for key, events in ready:
                connection = key.data
                if not connection.ready(events, buffer):
                    continue
                ended(connection.exchange)
                following = next(requests, None)
                if following is None:
                    connection.close()
                    running -= 1
                else:
                    connection.start(*following)
        return time.monotonic() - started_s
