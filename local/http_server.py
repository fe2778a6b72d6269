"""The HTTP server of both processes of the stack: many ports, one application each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import traceback
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, Literal

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from local.asgi import ClientGone, Message, Receive, Scope, Send
from local.console import log
from local.settings import StackError

_LOOPBACK: Final = "127.0.0.1"
# Far more than any application here accepts. It only bounds memory while a request's head arrives.
_MAX_HEAD_BYTES: Final = 65_536
_KEEP_ALIVE_S: Final = 75
_LINGER_S: Final = 2
_JOINED_BYTES: Final = 65_536  # copying more costs more than another system call
_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Application = Callable[[Scope, Receive, Send], Any]


def listen(port: int = 0) -> socket.socket:
    """Return a listening socket on the loopback interface. Port 0 takes any free one.

    Raises `StackError` if the port is taken or not allowed.
    """
    # With protocol 0 asyncio would not set TCP_NODELAY, which costs 40 ms and more per answer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((_LOOPBACK, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        message = f"port {port} cannot be used ({error.strerror}): choose another one with PORT=; 0 takes any free port"
        raise StackError(message) from error
    return sock


def port_of(sock: socket.socket) -> int:
    """Return the port of a listening socket."""
    port: int = sock.getsockname()[1]
    return port


class JoinedHead(asyncio.Transport):
    """Sends the head of a response together with what is written next: a system call less, and a packet less."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._holds = False
        self._head = b""

    def hold_head(self) -> None:
        """Keep what is written next until something else is written or the connection is closed."""
        self._holds = True

    def write(self, data: Any) -> None:
        """Send data, unless it is a head to keep."""
        if self._holds:
            self._holds, self._head = False, data
            return
        if self._head and len(data) <= _JOINED_BYTES:
            data, self._head = self._head + data, b""
        self._send_head()
        self._transport.write(data)

    def write_eof(self) -> None:
        """End the sending half of the connection."""
        self._send_head()
        self._transport.write_eof()

    def close(self) -> None:
        """Close the connection when everything is sent."""
        self._send_head()
        self._transport.close()

    def abort(self) -> None:
        """Close the connection immediately."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether the connection is closing or closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return a fact about the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Receive no more."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Receive again."""
        self._transport.resume_reading()

    def _send_head(self) -> None:
        if self._head:
            self._transport.write(self._head)
            self._head = b""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with these differences.

    Header names keep their case, as in API Gateway's events. The size of a request outside of its body is limited.
    The scope has two more entries: `transport`, and `trailers`, which gets the fields that follow a chunked body when
    the body has ended.
    """

    _outside_body = False
    _refused = False
    _head_bytes = 0
    _received = 0
    _fields: list[tuple[bytes, bytes]]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Handle a new connection."""
        super().connection_made(JoinedHead(transport))

    def data_received(self, data: bytes) -> None:
        """Handle received bytes."""
        if self._refused:
            return
        self._received = len(data)
        super().data_received(data)
        if self._outside_body:
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD_BYTES and not self.transport.is_closing():
                self._refuse()

    def _refuse(self) -> None:
        """Respond, and keep reading for a moment: closing with unread data would reset the connection."""
        self._refused = True
        self.transport.write(_TOO_LONG)
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def on_message_begin(self) -> None:
        """Handle the start of a request."""
        self._outside_body, self._head_bytes = True, 0
        super().on_message_begin()
        self._fields = self.headers
        scope: Scope = self.scope  # type: ignore[assignment]  # uvicorn's type has only ASGI's own entries
        scope["trailers"] = []
        scope["transport"] = self.transport

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a header or a trailer."""
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Handle the end of the head."""
        self._outside_body = False
        scope: Scope = self.scope  # type: ignore[assignment]  # see above
        self._fields = scope["trailers"]
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Handle the start of a chunk. After the last one, which is empty, come the trailers."""
        self._outside_body = True
        self._head_bytes = -self._received  # these bytes may be those of many chunks: count from the next ones

    def on_body(self, body: bytes) -> None:
        """Handle a part of the body."""
        self._outside_body = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Handle the end of a request."""
        self._outside_body = False
        super().on_message_complete()


class HttpServer(uvicorn.Server):
    """A uvicorn server that does not handle signals: the stack does, since it has more to stop.

    With `lifespan`, the default application gets ASGI's lifespan events.
    """

    def __init__(
        self, applications: Mapping[int, Application], default: Application, lifespan: Literal["on", "off"] = "off"
    ) -> None:
        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await default(scope, receive, send)
                return

            async def send_joined(message: Message) -> None:
                if message["type"] == "http.response.start" and scope["method"] != "HEAD":
                    scope["transport"].hold_head()
                await send(message)

            try:
                await applications.get(scope["server"][1], default)(scope, receive, send_joined)
            except ClientGone:
                return
            except Exception:  # a fault of the stack itself: show it, and let uvicorn answer 500
                log(traceback.format_exc())
                raise

        super().__init__(
            uvicorn.Config(
                dispatch,
                http=BoundedProtocol,
                ws="none",
                lifespan=lifespan,
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=0,  # it takes 0.1 s anyway; connections that still send are closed
            )
        )
        self.listening = asyncio.Event()
        # Invalid requests are not logged. Errors in an application are printed where they happen.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and set `listening`."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the stack."""
        yield
