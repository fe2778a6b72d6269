"""Lambda's Runtime API on raw sockets. It keeps every received byte, and has the limits that AWS's has.

Its rules are those of AWS's own server as its emulator's source shows them: a buffered response of more than 6,291,556
bytes is refused while it is still being sent, trailers of more than 4,096 bytes break the request (Go's HTTP server),
and a second response to an invocation is a wrong transition of state. Those of a streamed response are API Gateway's.
"""

from __future__ import annotations

import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

MAX_BUFFERED_BYTES: Final = 6_291_556
MAX_TRAILER_BYTES: Final = 4096
MAX_PRELUDE_BYTES: Final = 16_384
DELIMITER: Final = b"\0" * 8
SECONDS: Final = 60.0  # a machine may stall


class BrokenRequest(Exception):
    """The request is not HTTP, or breaks a limit."""


@dataclass(eq=False)
class Call:
    """An invocation, and what the runtime sends for it. The body of its response is kept if `keep` is true.

    `reading` is set while the server reads the response; a test may clear it. `pieces` receives each chunk when it has
    arrived, and None at the end. `broken` says why the request was no complete one.
    """

    payload: bytes
    request_id: str
    headers: dict[str, str]
    status: int = 202
    reading: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    pieces: queue.Queue[bytes | None] = field(default_factory=queue.Queue)
    kind: str = ""  # response or error
    sent_headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    received_bytes: int = 0
    keep: bool = True
    trailers: dict[str, str] = field(default_factory=dict)
    broken: str | None = None
    answers: list[int] = field(default_factory=list)
    connection: socket.socket | None = None

    @property
    def body(self) -> bytes:
        """The body without its transfer coding."""
        return b"".join(self.chunks)

    @property
    def prelude(self) -> Any:
        """The JSON object before the delimiter."""
        return json.loads(self.body.split(DELIMITER, 1)[0])

    @property
    def content(self) -> bytes:
        """What comes after the delimiter."""
        return self.body.split(DELIMITER, 1)[1]

    def wait(self) -> Call:
        """Wait until the runtime has ended its response, well or not."""
        assert self.done.wait(SECONDS), "the runtime sent no response"
        return self

    def piece(self) -> bytes | None:
        """Wait for the next chunk."""
        return self.pieces.get(timeout=SECONDS)

    def disconnect(self, *, reset: bool = False) -> None:
        """Close the connection on which the response arrives."""
        assert self.begun.wait(SECONDS)
        assert self.connection is not None
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def answer_early(self, status: int) -> None:
        """Send the answer although the request has not ended, and read no more."""
        self.reading.clear()
        assert self.connection is not None
        self.connection.sendall(_answer(status, b"{}"))


class FakeRuntimeApi:
    """A server with a thread for each connection. `connections` holds what each one has received."""

    def __init__(self, *, receive_buffer: int | None = None, chunked_events: bool = False) -> None:
        self.connections: list[bytearray] = []
        self.init_errors: list[tuple[dict[str, str], Any]] = []
        self.polled = threading.Event()
        self._chunked_events = chunked_events
        self._calls: queue.Queue[Call | int | None] = queue.Queue()
        self._current: Call | None = None
        self._all_calls: list[Call] = []
        self._server = socket.socket()
        if receive_buffer is not None:
            self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._server.bind(("127.0.0.1", 0))
        self._server.listen()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        host, port = self._server.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(len(self._threads)):
            self._calls.put(None)
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for call in self._all_calls:
            call.reading.set()
        self.close_connections()
        for thread in self._threads:
            thread.join(SECONDS)

    def invoke(
        self,
        event: object = None,
        *,
        seconds: float = 900,
        status: int = 202,
        keep: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        """Give the runtime an event.

        `status` is the answer to its response; `headers` are more of those that AWS sends.
        """
        request_id = f"00000000-0000-0000-0000-{len(self._all_calls) + 1:012}"
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        all_headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:speech",
            **(headers or {}),
        }
        call = Call(payload, request_id, all_headers, status=status, keep=keep)
        call.reading.set()
        self._all_calls.append(call)
        self._calls.put(call)
        return call

    def refuse_next(self, status: int) -> None:
        """Answer the next poll with an error."""
        self._calls.put(status)

    def close_connections(self) -> None:
        """Close the connections that are open, as a server does with those that are idle."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            received = bytearray()
            self.connections.append(received)
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, received), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, received: bytearray) -> None:
        reader = _Reader(connection, received)
        with suppress(OSError, EOFError), connection:
            while True:
                first, *lines = reader.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
                headers = dict(line.split(": ", 1) for line in lines)
                path = first.split(" ")[1].removeprefix("/2018-06-01/runtime/")
                if path == "invocation/next":
                    if not self._next(connection):
                        return
                elif path == "init/error":
                    body = reader.exactly(int(headers["Content-Length"]))
                    self.init_errors.append((headers, json.loads(body)))
                    connection.sendall(_answer(202, b'{"status":"OK"}'))
                else:
                    _, request_id, kind = path.split("/")
                    if not self._receive(reader, connection, request_id, kind, headers):
                        return

    def _next(self, connection: socket.socket) -> bool:
        self.polled.set()
        call = self._calls.get()
        if call is None:
            return False
        if isinstance(call, int):
            connection.sendall(_answer(call, b"{}"))
            return True
        self._current = call
        lines = "".join(
            f"{name}: {value}\r\n" for name, value in call.headers.items()
        ).encode()  # UTF-8, as Go's server
        if self._chunked_events:
            half = len(call.payload) // 2
            pieces = [piece for piece in (call.payload[:half], call.payload[half:]) if piece]
            coded = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + lines + b"Transfer-Encoding: chunked\r\n\r\n" + coded)
        else:
            length = b"Content-Length: %d\r\n\r\n" % len(call.payload)
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + lines + length + call.payload)
        return True

    def _receive(
        self, reader: _Reader, connection: socket.socket, request_id: str, kind: str, headers: Mapping[str, str]
    ) -> bool:
        """Receive a response or an error. Returns whether the connection stays open."""
        call = self._current
        if call is None or call.request_id != request_id or call.kind:
            status = 400 if call is None or call.request_id != request_id else 403
            if call is not None:
                call.answers.append(status)
            connection.sendall(_answer(status, b'{"errorType":"InvalidStateTransition"}', close=True))
            return False
        call.kind, call.sent_headers, call.connection = kind, dict(headers), connection
        call.begun.set()
        reader.gate = call.reading
        status = call.status
        try:
            self._body(reader, call)
        except (OSError, EOFError) as error:
            call.broken = f"cut off: {error}"
        except BrokenRequest as error:
            call.broken = str(error)
            status = 413 if "too large" in str(error) else 400
        finally:
            reader.gate = None
        call.pieces.put(None)
        keeps = call.broken is None
        if call.broken is None or not call.broken.startswith("cut off"):
            call.answers.append(status)
            with suppress(OSError):
                connection.sendall(_answer(status, b'{"status":"OK"}', close=not keeps))
        call.done.set()
        return keeps

    def _body(self, reader: _Reader, call: Call) -> None:
        headers = call.sent_headers
        if headers.get("Transfer-Encoding") != "chunked":
            size = int(headers["Content-Length"])
            if size > MAX_BUFFERED_BYTES and call.kind == "response":
                raise BrokenRequest("too large")
            call.chunks.append(reader.exactly(size))
            return
        if headers.get("Lambda-Runtime-Function-Response-Mode") != "streaming":
            raise BrokenRequest("InvalidFunctionResponseMode")
        while size := int(reader.until(b"\r\n"), 16):
            if call.keep:
                call.chunks.append(reader.exactly(size))
                call.pieces.put(call.chunks[-1])
                _check_prelude(call)
            else:
                reader.skip(size)
            call.received_bytes += size
            if reader.exactly(2) != b"\r\n":
                raise BrokenRequest("a chunk does not end with CRLF")
        trailers = b""
        while line := reader.until(b"\r\n"):
            trailers += line + b"\r\n"
            if len(trailers) + 2 > MAX_TRAILER_BYTES:
                raise BrokenRequest("suspiciously long trailer after chunked body")
        call.trailers = dict(line.split(": ", 1) for line in trailers.decode().split("\r\n")[:-1])
        if not set(call.trailers) <= set(headers.get("Trailer", "").split(", ")):
            raise BrokenRequest("a trailer was not announced")


def _check_prelude(call: Call) -> None:
    if len(call.chunks) > 1 and call.chunks[0].endswith(DELIMITER):
        return
    prelude, found, _ = call.body.partition(DELIMITER)
    if len(prelude) + len(DELIMITER) > MAX_PRELUDE_BYTES:
        raise BrokenRequest("no delimiter in the first 16 KiB")
    if found and not isinstance(json.loads(prelude)["statusCode"], int):
        raise BrokenRequest("the status is no number")


def _answer(status: int, body: bytes, *, close: bool = False) -> bytes:
    ending = "Connection: close\r\n" if close else ""
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n{ending}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Reader:
    """Reads from a connection while its gate is open. Keeps at most what tests look at: the first megabyte."""

    def __init__(self, connection: socket.socket, received: bytearray) -> None:
        self._connection = connection
        self._received = received
        self._buffer = bytearray()
        self.gate: threading.Event | None = None

    def until(self, end: bytes) -> bytes:
        while (found := self._buffer.find(end)) < 0:
            self._fill(65_536)
        line = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        return line

    def exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill(count - len(self._buffer))
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def skip(self, count: int) -> None:
        while count > 0:
            if not self._buffer:
                self._fill(count)
            skipped = min(count, len(self._buffer))
            del self._buffer[:skipped]
            count -= skipped

    def _fill(self, count: int) -> None:
        if self.gate is not None:
            self.gate.wait()
        data = self._connection.recv(max(4096, min(count, 1 << 20)))
        if not data:
            raise EOFError("the connection was closed")
        if len(self._received) < 1 << 20:
            self._received += data
        self._buffer += data
