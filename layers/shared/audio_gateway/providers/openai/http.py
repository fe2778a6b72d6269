"""POSTs that end in time and are sent once.

`net/bounded_connection.py` bounds each exchange. Only the lookup of the name cannot be interrupted; the resolver has
its own limits.

Why nothing is retried: a POST that failed may have been billed. A connection is therefore reused only within `_IDLE_S`
of its last answer, before any usual server closes it, and only if nothing has arrived on it: not even a function that
was frozen in between sends a request into a connection that the server has closed.
"""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, ProviderBadAnswer, ProviderTimedOut, ProviderUnavailable
from audio_gateway.net.bounded_connection import (
    BoundedConnection,
    EncodedBodyError,
    LongBodyError,
    body_pieces,
    connected_socket,
)
from audio_gateway.net.watchdog import TimeUpError, Watchdog

_IDLE_S: Final = 4.0  # Node's and uvicorn's servers close after 5
_IDLE_MOST: Final = 8
_CONNECT_S: Final = 10.0  # for each address of the host
_CUT_OFF: Final = (ConnectionError, http.client.IncompleteRead, ssl.SSLError, socket.gaierror)


class Upstream:
    """A server's address, and the open connections to it. Threads may share it.

    `timeout_seconds` is how long the head of an answer may take, and after it the next bytes.
    """

    def __init__(self, base_url: str, *, provider: str, timeout_seconds: float) -> None:
        self._tls, self._host, self._port, self._path = _address(base_url, provider)
        self._provider = provider
        self._timeout_s = timeout_seconds
        self._idle: list[tuple[BoundedConnection, float, float]] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    def post(self, path: str, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> UpstreamResponse:
        """Send, and wait for the head of the answer. The caller must close the answer.

        Raises:
            ProviderTimedOut: there was none by the deadline, or within `timeout_seconds`.
            ProviderUnavailable: the server could not be reached, or closed the connection.
            ProviderBadAnswer: the answer is not HTTP.
        """
        if deadline.passed:
            message = f"There was no time left to ask the provider '{self._provider}'."
            raise ProviderTimedOut(message, provider=self._provider, worked=False)
        exchange = _Exchange(
            self._provider, Watchdog(deadline.remaining_s(), deadline.cancellation, silence_s=self._timeout_s)
        )
        connection: BoundedConnection | None = None
        try:
            with exchange.errors():
                connection = self._reusable(exchange.watchdog) or self._connected(exchange.watchdog)
                exchange.has_sent = True
                # A server may refuse a long body before it has read all of it, and close the connection: its answer can
                # still be read.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.request("POST", self._path + path, body, dict(headers))
                return UpstreamResponse(self, connection, connection.getresponse(), exchange)
        except BaseException:
            if connection is not None:
                connection.close()
            exchange.watchdog.stop()
            raise

    def keep(self, connection: BoundedConnection) -> None:
        """Take back a connection whose answer was read to its end."""
        with self._lock:
            self._idle.append((connection, time.monotonic(), time.time()))
            surplus = self._idle[:-_IDLE_MOST]
            del self._idle[:-_IDLE_MOST]
        for old, _, _ in surplus:
            old.close()

    def _reusable(self, watchdog: Watchdog) -> BoundedConnection | None:
        """The connection that was used last, if it is still good. The others are older."""
        with self._lock:
            if not self._idle:
                return None
            connection, since, since_wall = self._idle.pop()
        # Two clocks: a frozen function's monotonic clock may have stood still.
        fresh = time.monotonic() - since < _IDLE_S and abs(time.time() - since_wall) < _IDLE_S
        if fresh and not _readable(connection.sock):
            watchdog.watch(connection.sock)
            return connection
        connection.close()
        return None

    def _connected(self, watchdog: Watchdog) -> BoundedConnection:
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        addresses = [(family, address) for family, _, _, _, address in found]
        raw = connected_socket(addresses, watchdog, seconds=_CONNECT_S)
        return BoundedConnection(raw, self._host, self._port, tls=self._tls)


class UpstreamResponse:
    """The head of an answer, and its body still to come. `headers` have lower-case names."""

    def __init__(
        self,
        upstream: Upstream,
        connection: BoundedConnection,
        response: http.client.HTTPResponse,
        exchange: _Exchange,
    ) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in reversed(response.getheaders())}
        self._upstream = upstream
        self._connection = connection
        self._response = response
        self._exchange = exchange
        self._complete = False
        self._closed = False

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def chunks(self, limit: int) -> Iterator[bytes]:
        """The body as it arrives, then the answer is closed.

        Raises:
            ProviderTimedOut: the deadline came first, or nothing came for `timeout_seconds`.
            ProviderUnavailable: the server closed the connection before the end.
            ProviderBadAnswer: the body has more than `limit` bytes, or is compressed although the request did not
                allow that.
        """
        try:
            with self._exchange.errors():
                yield from body_pieces(self._response, self._exchange.watchdog, limit=limit)
            self._complete = True
        except EncodedBodyError:
            raise self._exchange.bad_answer("in an encoding that was not asked for") from None
        except LongBodyError:
            raise self._exchange.bad_answer(f"with more than {limit:,} bytes") from None
        finally:
            self.close()

    def body(self, limit: int) -> bytes:
        """The whole body; raises as `chunks` does."""
        return b"".join(self.chunks(limit))

    def close(self) -> None:
        """Give the connection back if its answer was read to the end, else close it. Can be called again."""
        if self._closed:
            return  # another exchange may use the connection by now
        self._closed = True
        self._exchange.watchdog.stop()
        reusable = self._complete and not self._response.will_close
        self._response.close()
        if reusable:
            self._upstream.keep(self._connection)
        else:
            self._connection.close()


class _Exchange:
    """One POST: the watchdog that bounds it, and the meaning of an error in it."""

    def __init__(self, provider: str, watchdog: Watchdog) -> None:
        self.watchdog = watchdog
        self.has_sent = False  # the request, or a part of it: from then on the provider may have worked
        self._provider = provider

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the errors of sockets and `http.client` into `ProviderError`s. After the deadline, each is a timeout."""
        try:
            with self.watchdog.in_time():
                yield
        except TimeUpError as error:
            message = f"The provider '{self._provider}' did not answer in time."
            raise ProviderTimedOut(message, provider=self._provider, worked=self.has_sent) from error
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, http.client.HTTPException) and not isinstance(error, _CUT_OFF):
                raise self.bad_answer("with something that is not HTTP") from error
            how = f"could not be reached, or closed the connection ({type(error).__name__})"
            message = f"The provider '{self._provider}' {how}."
            raise ProviderUnavailable(message, provider=self._provider, worked=self.has_sent) from error

    def bad_answer(self, how: str) -> ProviderBadAnswer:
        """The error for an unusable answer."""
        return ProviderBadAnswer(f"The provider '{self._provider}' answered {how}.", provider=self._provider)


def _close_all(idle: list[tuple[BoundedConnection, float, float]]) -> None:
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
    """Whether bytes or the end have arrived: either means that an idle connection cannot be used again."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
