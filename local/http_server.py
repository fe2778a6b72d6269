"""The one HTTP server of process 1: many ports, one application each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import traceback
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from local.asgi import ClientGone, Receive, Scope, Send
from local.console import tell
from local.settings import StackError

_LOOPBACK: Final = "127.0.0.1"
# Far above what any application here accepts; this only bounds memory while a request's head arrives.
_MAX_HEAD_BYTES: Final = 65_536
_KEEP_ALIVE_S: Final = 75
_LINGER_S: Final = 2
_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Application = Callable[[Scope, Receive, Send], Any]


def listen(port: int = 0) -> socket.socket:
    """A listening socket on the loopback interface; 0 is any free port.

    Raises:
        StackError: the port is taken or may not be used.
    """
    # With protocol 0 asyncio would not set TCP_NODELAY, which costs 40 ms and more per answer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((_LOOPBACK, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        message = f"port {port} cannot be used ({error.strerror}): choose another one with PORT=, 0 takes any free one"
        raise StackError(message) from error
    return sock


def port_of(sock: socket.socket) -> int:
    """The port of a listening socket."""
    port: int = sock.getsockname()[1]
    return port


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with two differences.

    Header names keep their capitals, because API Gateway hands them on so; and a head that never ends is cut off.
    """

    _in_head = False
    _refused = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take a piece of the connection."""
        if self._refused:
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD_BYTES and not self.transport.is_closing():
                self._refuse()

    def _refuse(self) -> None:
        """Answer and read on for a moment: closing with data unread would reset the connection, answer and all."""
        self._refused = True
        self.transport.write(_TOO_LONG)
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def on_message_begin(self) -> None:
        """A request starts."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of it."""
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self._in_head = False
        super().on_headers_complete()


class HttpServer(uvicorn.Server):
    """A uvicorn server that leaves signals alone: the stack has more to stop than this."""

    def __init__(self, applications: Mapping[int, Application], default: Application) -> None:
        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await applications.get(scope["server"][1], default)(scope, receive, send)
            except ClientGone:
                return
            except Exception:  # a fault of the stack itself: show it, and let uvicorn answer 500
                tell(traceback.format_exc())
                raise

        super().__init__(
            uvicorn.Config(
                dispatch,
                http=BoundedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=0,  # a tenth of a second it takes anyway; who still sends then is cut off
            )
        )
        self.listening = asyncio.Event()
        # Bad requests are the clients' affair; what goes wrong in an application is printed where it happens.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do not."""
        yield
