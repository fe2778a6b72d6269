"""HTTP/1.1 to one server over connections that are kept open: one POST, and an answer of a known length.

`http.client`, and urllib3 on top of it, take several times as much processor time for a small request.
"""

from __future__ import annotations

import select
import socket
import weakref
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import ssl

_MOST_KEPT: Final = 10
_MOST_LINE_BYTES: Final = 65_536
_MOST_HEADERS: Final = 100


class Answer(NamedTuple):
    """A response. The names of the headers are lower-case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class KeptConnections:
    """Open connections to a server. Threads may share it.

    `tls` is None for connections without it. Connecting, with TLS's handshake, may take `connect_timeout_s` for each
    address, and every wait for bytes `read_timeout_s`.
    """

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext | None, connect_timeout_s: float, read_timeout_s: float
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._idle: list[_Connection] = []
        weakref.finalize(self, _close_all, self._idle)

    def exchange(self, request: bytes) -> Answer:
        """Send a whole request, and read its answer. Raises `OSError` if there is none that is complete."""
        connection = self._idle_connection() or self._new_connection()
        try:
            connection.socket.sendall(request)
            answer = connection.receive()
        except BaseException:
            connection.close()
            raise
        if answer.headers.get(b"connection", b"").lower() == b"close" or len(self._idle) >= _MOST_KEPT:
            connection.close()
        else:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections that are not in use."""
        _close_all(self._idle)

    def _idle_connection(self) -> _Connection | None:
        """The connection that was used last and is still open."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not connection.has_ended():
                return connection
            connection.close()

    def _new_connection(self) -> _Connection:
        made = socket.create_connection((self._host, self._port), timeout=self._connect_timeout_s)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._tls is not None:
                made = self._tls.wrap_socket(made, server_hostname=self._host)
            made.settimeout(self._read_timeout_s)
        except BaseException:
            made.close()
            raise
        return _Connection(made)


def _close_all(connections: list[_Connection]) -> None:
    while connections:
        connections.pop().close()


class _Connection:
    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._reader = connected.makefile("rb")
        self._readable = select.poll()
        self._readable.register(connected, select.POLLIN)

    def has_ended(self) -> bool:
        """Whether the other side has closed it. Call it only between an answer and a request."""
        return bool(self._readable.poll(0))

    def receive(self) -> Answer:
        version, _, rest = self._line().partition(b" ")
        headers = dict[bytes, bytes]()
        while line := self._line():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
            if len(headers) > _MOST_HEADERS:
                raise ConnectionError("the answer has too many headers")
        try:
            status, length = int(rest[:3]), int(headers[b"content-length"])
        except (KeyError, ValueError) as error:
            raise ConnectionError("the answer has no status or no length") from error
        if version != b"HTTP/1.1" or length < 0:
            raise ConnectionError("the answer is not HTTP/1.1")
        body = self._reader.read(length)
        if len(body) < length:
            raise ConnectionError("the connection ended within the answer")
        return Answer(status, headers, body)

    def _line(self) -> bytes:
        line = self._reader.readline(_MOST_LINE_BYTES)
        if not line.endswith(b"\n"):
            raise ConnectionError("the connection ended before the answer")
        return line.rstrip(b"\r\n")

    def close(self) -> None:
        self._reader.close()
        self.socket.close()
