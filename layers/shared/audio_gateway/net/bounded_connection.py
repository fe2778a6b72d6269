"""HTTP connections that end in time, and bodies that are no longer than expected, whatever the server does.

Why `http.client` and own sockets: a server that sends one byte a second, in its headers or in its body, resets every
timeout that is set on a socket, and with it those of the client libraries. Here a `Watchdog` bounds the whole exchange:
at the deadline it shuts the connection down from another thread, whatever the reader is waiting for. Only the lookup of
a name cannot be interrupted; the caller does it.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from audio_gateway.net.watchdog import Watchdog

Address = tuple[int, Any]
"""A family of sockets, and the address that its sockets connect to."""

_PIECE_BYTES: Final = 64 * 1024
_LEAST_S: Final = 0.01  # a socket with a timeout of 0 does not wait at all


class EncodedBodyError(Exception):
    """The body is compressed although the request did not allow that: it could be of any size."""


class LongBodyError(Exception):
    """The body has more bytes than it may have."""


class BoundedConnection(http.client.HTTPConnection):
    """An HTTP connection over a connected socket, which it owns. It never connects again by itself.

    Raises `OSError` where the TLS handshake fails; then the socket is closed.
    """

    auto_open = 0

    def __init__(self, raw: socket.socket, host: str, port: int, *, tls: bool) -> None:
        super().__init__(host, port)
        self.default_port = http.client.HTTPS_PORT if tls else http.client.HTTP_PORT  # left out of the Host header
        try:
            self.sock = tls_context().wrap_socket(raw, server_hostname=host) if tls else raw
        except BaseException:
            raw.close()
            raise


def connected_socket(addresses: Iterable[Address], watchdog: Watchdog, *, seconds: float) -> socket.socket:
    """A watched socket that is connected to the first address that answers; each has `seconds` to do so.

    Raises `OSError`: the error of the last address that was tried.
    """
    failure = OSError("the host has no address")
    for family, address in addresses:
        if watchdog.expired:
            break
        raw = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            raw.settimeout(max(_LEAST_S, min(seconds, watchdog.remaining_s())))
            raw.connect(address)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            watchdog.watch(raw)
        except OSError as error:
            failure = error
            raw.close()
        else:
            return raw
    raise failure


def body_pieces(response: http.client.HTTPResponse, watchdog: Watchdog, *, limit: int) -> Iterator[bytes]:
    """The body, in pieces as they arrive.

    Raises:
        TimeUpError: the time is up.
        EncodedBodyError: the body is compressed.
        LongBodyError: it has more than `limit` bytes.
        OSError, http.client.HTTPException: the server closed the connection before the end.
    """
    if response.getheader("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise EncodedBodyError
    announced, length = response.length or 0, 0
    while True:
        if max(announced, length) > limit:
            raise LongBodyError
        with watchdog.in_time():
            piece = response.read1(_PIECE_BYTES)
            if not piece and response.length:
                raise http.client.IncompleteRead(b"", response.length)
        if not piece:
            return
        length += len(piece)
        yield piece


@cache
def tls_context() -> ssl.SSLContext:
    """The one context of all connections, made when the first one needs it: reading the certificates takes time."""
    return ssl.create_default_context()
