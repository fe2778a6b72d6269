"""POSTs that end in time and are sent once.

Why `http.client` and own sockets: an upstream that drips a byte a second, in its headers or in its body, resets every
timeout that is set on a socket, and with it those of the client libraries. Here a watchdog bounds the whole exchange:
it shuts the connection down at the deadline, from outside, whatever the reader is waiting for. It holds a duplicate of
the socket's descriptor, so that it needs nothing of the TLS state and can never hit another connection. Only the
look-up of the name cannot be interrupted; the resolver has its own limits.

Why nothing is retried: a POST that broke may have been billed. A connection is therefore reused only within
`_IDLE_S` of its last answer, before any usual server closes it, and only if nothing has arrived on it: not even a
function that was frozen in between sends a request into a connection that is already gone.
"""

from __future__ import annotations

import http.client
import os
import select
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from audio_gateway.deadline import Deadline
from audio_gateway.errors import (
    ConfigurationError,
    ProviderBadAnswer,
    ProviderError,
    ProviderTimedOut,
    ProviderUnavailable,
)

_IDLE_S: Final = 4.0  # Node's and uvicorn's servers close after 5
_IDLE_MOST: Final = 8
_CONNECT_S: Final = 10.0  # for each address of the host
_PIECE: Final = 65_536
_CUT_OFF: Final = (ConnectionError, http.client.IncompleteRead, ssl.SSLError, socket.gaierror)


class Upstream:
    """A server's address, and the connections to it that are open. Threads may share it."""

    def __init__(self, base_url: str, *, provider: str, timeout_seconds: float) -> None:
        self._tls, self._host, self._port, self._path = _address(base_url, provider)
        self._provider = provider
        self._timeout_s = timeout_seconds
        self._idle: list[tuple[http.client.HTTPConnection, float, float]] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    def post(self, path: str, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> UpstreamResponse:
        """Send, and wait for the head of the answer. Whoever gets the answer closes it.

        Raises:
            ProviderTimedOut: there was none by the deadline, or in the provider's own time.
            ProviderUnavailable: the server could not be reached, or broke off.
            ProviderBadAnswer: what it sent is not HTTP.
        """
        if deadline.passed:
            message = f"There was no time left to ask the provider '{self._provider}'."
            raise ProviderTimedOut(message, provider=self._provider, worked=False)
        watchdog = _Watchdog(min(deadline.remaining_s(), self._timeout_s), self._provider)
        connection: http.client.HTTPConnection | None = None
        try:
            with watchdog.errors():
                connection = self._reusable() or self._connected(watchdog)
                watchdog.watch(connection.sock)
                watchdog.has_sent = True
                # A server may refuse a long body before it has read it all, and hang up: the answer can still be read.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.request("POST", self._path + path, body, dict(headers))
                return UpstreamResponse(self, connection, connection.getresponse(), watchdog)
        except BaseException:
            if connection is not None:
                connection.close()
            watchdog.stop()
            raise

    def keep(self, connection: http.client.HTTPConnection) -> None:
        """Take back a connection whose answer was read to its end."""
        with self._lock:
            self._idle.append((connection, time.monotonic(), time.time()))
            surplus = self._idle[:-_IDLE_MOST]
            del self._idle[:-_IDLE_MOST]
        for old, _, _ in surplus:
            old.close()

    def _reusable(self) -> http.client.HTTPConnection | None:
        """The connection that was used last, if it is still good. The others are older."""
        with self._lock:
            if not self._idle:
                return None
            connection, since, since_wall = self._idle.pop()
        # Two clocks: a frozen function's monotonic clock may have stood still.
        fresh = time.monotonic() - since < _IDLE_S and abs(time.time() - since_wall) < _IDLE_S
        if fresh and not _readable(connection.sock):
            return connection
        connection.close()
        return None

    def _connected(self, watchdog: _Watchdog) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._host, self._port)
        raw = self._reached(watchdog)
        try:
            raw.settimeout(self._timeout_s)  # the watchdog is sooner; this is for what comes after it
            connection.sock = self._tls_context.wrap_socket(raw, server_hostname=self._host) if self._tls else raw
        except OSError:
            raw.close()
            raise
        if self._tls:
            connection.default_port = 443  # for the Host header
        return connection

    def _reached(self, watchdog: _Watchdog) -> socket.socket:
        """A connected socket to the first of the host's addresses that answers."""
        failure: OSError = OSError("the host has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM):
            raw = socket.socket(family, kind, protocol)
            try:
                raw.settimeout(min(_CONNECT_S, max(0.01, watchdog.remaining_s())))
                raw.connect(address)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                watchdog.watch(raw)
            except OSError as error:
                failure = error
                raw.close()
            else:
                return raw
        raise failure

    @cached_property
    def _tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class UpstreamResponse:
    """The head of an answer, and its body still to come. `headers` have lower-case names."""

    def __init__(
        self,
        upstream: Upstream,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        watchdog: _Watchdog,
    ) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in reversed(response.getheaders())}
        self._upstream = upstream
        self._connection = connection
        self._response = response
        self._watchdog = watchdog
        self._whole = False
        self._closed = False

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def chunks(self, limit: int) -> Iterator[bytes]:
        """The body as it arrives, then the answer is closed.

        Raises:
            ProviderTimedOut: the deadline came first.
            ProviderUnavailable: the server broke off.
            ProviderBadAnswer: the body has more than `limit` bytes, or is compressed although nobody asked for that.
        """
        try:
            if self.headers.get("content-encoding", "identity") != "identity":
                raise self._watchdog.bad_answer("in an encoding that was not asked for")
            length = 0
            while piece := self._next():
                length += len(piece)
                if length > limit:
                    raise self._watchdog.bad_answer(f"with more than {limit} bytes")
                yield piece
            self._whole = True
        finally:
            self.close()

    def body(self, limit: int) -> bytes:
        """The whole body; raises as `chunks` does."""
        return b"".join(self.chunks(limit))

    def close(self) -> None:
        """Give the connection back if its answer was read to the end, else close it. Can be called again."""
        if self._closed:
            return  # the connection may be somebody else's by now
        self._closed = True
        self._watchdog.stop()
        reusable = self._whole and not self._response.will_close
        self._response.close()
        if reusable:
            self._upstream.keep(self._connection)
        else:
            self._connection.close()

    def _next(self) -> bytes:
        with self._watchdog.errors():
            piece = self._response.read1(_PIECE)
            if not piece and self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
            return piece


class _Watchdog:
    """Shuts the watched connection down when the time is up, and tells what an error then means."""

    def __init__(self, seconds: float, provider: str) -> None:
        self._deadline = Deadline.after(seconds)
        self._provider = provider
        self.has_sent = False  # the request, or a part of it: whatever happens then, the provider may have worked
        self._lock = threading.Lock()
        self._fired = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True
        self._timer.start()

    def remaining_s(self) -> float:
        """Seconds until it fires."""
        return self._deadline.remaining_s()

    def watch(self, sock: socket.socket) -> None:
        """Guard this connection from now on, in place of the one before."""
        copy = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._release()
            self._socket = copy
            if self._fired:
                self._shut_down()

    def stop(self) -> None:
        """Never fire."""
        self._timer.cancel()
        with self._lock:
            self._release()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what sockets and `http.client` raise into `ProviderError`s. After the time is up, all is a timeout."""
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            raise self._meaning(error) from error
        if self._fired:
            raise self._timed_out()

    def bad_answer(self, how: str) -> ProviderBadAnswer:
        """The error for an answer that is not one."""
        return ProviderBadAnswer(f"The provider '{self._provider}' answered {how}.", provider=self._provider)

    def _meaning(self, error: OSError | http.client.HTTPException) -> ProviderError:
        if self._fired or self._deadline.passed:
            return self._timed_out()
        if isinstance(error, http.client.HTTPException) and not isinstance(error, _CUT_OFF):
            return self.bad_answer("with something that is not HTTP")
        message = (
            f"The provider '{self._provider}' could not be reached, or closed the connection ({type(error).__name__})."
        )
        return ProviderUnavailable(message, provider=self._provider, worked=self.has_sent)

    def _timed_out(self) -> ProviderTimedOut:
        message = f"The provider '{self._provider}' did not answer in time."
        return ProviderTimedOut(message, provider=self._provider, worked=self.has_sent)

    def _fire(self) -> None:
        with self._lock:
            self._fired = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # the other side may have been faster
                self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _close_all(idle: list[tuple[http.client.HTTPConnection, float, float]]) -> None:
    for connection, _, _ in idle:
        connection.close()


def _address(base_url: str, provider: str) -> tuple[bool, str, int, str]:
    """Whether to use TLS, host, port and path of a URL."""
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        message = f"providers.{provider}.base_url must be a plain http or https URL such as https://api.openai.com/v1"
        raise ConfigurationError(message)
    tls = parts.scheme == "https"
    return tls, parts.hostname, port or (443 if tls else 80), parts.path.rstrip("/")


def _readable(sock: socket.socket) -> bool:
    """Whether something came, or the end: on a connection that nobody uses either means that it is gone."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
