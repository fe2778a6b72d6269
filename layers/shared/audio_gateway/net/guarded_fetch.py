"""Fetching what a caller names by a URL, and nothing that only this function could reach.

A URL of the caller's is an order to call from inside the operator's network (server-side request forgery, CWE-918).
So: https on port 443 only; one spelling of a host; its name is looked up once, every address must be public, and the
connection goes to the address that was checked, with TLS for the name. A redirect is a new URL and is checked as one.
No message tells apart a name that does not exist from one that leads into the network.

`AllowedHosts` names exceptions for tests on the local stack; a deployed function refuses to start with one.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin

from audio_gateway.deadline import Deadline
from audio_gateway.errors import FetchTimedOut, FileUnavailable, RequestTooLarge
from audio_gateway.net.addresses import addresses_of
from audio_gateway.net.targets import HTTP_PORT, HTTPS_PORT, AllowedHosts, Target, target_of

MAX_REDIRECTS: Final = 5
MAX_ADDRESSES: Final = 8
"""Of a host, so many are tried: a name may have thousands."""

_CHECK_S: Final = 5.0  # for looking up a name that is not called yet
_CONNECT_S: Final = 5.0  # for each address of the host
_PIECE: Final = 256 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def check_url(url: str, allow: AllowedHosts, *, param: str) -> None:
    """Check a URL that will be called later, and where it leads now; raises `InvalidRequest` naming `param`.

    Whoever calls it checks it again: names can be moved.
    """
    addresses_of(target_of(url, allow, param=param), Deadline.after(_CHECK_S), param=param)


class GuardedConnection(http.client.HTTPConnection):
    """One connection to the checked address of a target, open and in time: `request`, then `getresponse`.

    It never connects again by itself. At its deadline it is shut down from outside, whatever the reader waits for:
    a server that drips a byte a second resets every timeout that is set on a socket.
    """

    auto_open = 0

    def __init__(self, target: Target, deadline: Deadline, *, param: str) -> None:
        super().__init__(target.host, target.port)
        self.default_port = HTTPS_PORT if target.tls else HTTP_PORT  # left out of the Host header
        self.path = target.path
        self._param = param
        self._deadline = deadline
        raw = _reached(target, deadline, param)
        self._alarm_socket = raw.dup()
        self._alarm_lock = threading.Lock()
        self._alarm = threading.Timer(max(0.0, deadline.remaining_s()), self._shut_down)
        self._alarm.daemon = True
        self._alarm.start()
        try:
            raw.settimeout(max(0.01, deadline.remaining_s()))
            with self.errors():
                self.sock = _tls().wrap_socket(raw, server_hostname=target.host) if target.tls else raw
        except BaseException:
            raw.close()
            self.end()
            raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what sockets and `http.client` raise into `FileUnavailable`, or `FetchTimedOut` after the deadline."""
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, TimeoutError) or self._deadline.passed:
                raise self.timed_out() from error
            how = (
                "has no valid certificate"
                if isinstance(error, ssl.SSLCertVerificationError)
                else "closed the connection too early"
            )
            raise FileUnavailable(f"The server of '{self._param}' {how}.", param=self._param) from error
        if self._deadline.passed:
            raise self.timed_out()

    def timed_out(self) -> FetchTimedOut:
        """The error for a server that is too slow."""
        return FetchTimedOut(f"The server of '{self._param}' is too slow.", param=self._param)

    def end(self) -> None:
        """Close it, and stop the clock. `http.client` calls `close` already when the last answer has begun."""
        self._alarm.cancel()
        with self._alarm_lock:
            self._alarm_socket.close()
        self.close()

    def _shut_down(self) -> None:
        with self._alarm_lock:
            try:
                self._alarm_socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is closed already


@contextmanager
def guarded_connection(
    url: str, allow: AllowedHosts, *, seconds: float, param: str = "file_url"
) -> Iterator[GuardedConnection]:
    """A connection for one exchange with a URL of a caller's, closed at the end; `path` is what to request.

    Put the exchange into its `errors()`. Do not follow a redirect but through here.

    Raises:
        InvalidRequest: the URL is not one that may be called; `param` is the field that it came in.
        FileUnavailable: the server cannot be reached, or breaks off.
        FetchTimedOut: the exchange took more than `seconds`.
    """
    connection = GuardedConnection(target_of(url, allow, param=param), Deadline.after(seconds), param=param)
    try:
        yield connection
    finally:
        connection.end()


@contextmanager
def remote_file(url: str, allow: AllowedHosts, *, limit: int, seconds: float) -> Iterator[Iterator[bytes]]:
    """The file at `file_url`, in pieces as it arrives: memory does not grow with it.

    Raises (also while the pieces are taken):
        InvalidRequest: the URL, or one that it redirects to, is not one that may be called.
        FileUnavailable: its server does not answer 200 with a whole file.
        FetchTimedOut: not all of it was there after `seconds`.
        RequestTooLarge: it has more than `limit` bytes.
    """
    deadline = Deadline.after(seconds)
    for _ in range(MAX_REDIRECTS + 1):
        with guarded_connection(url, allow, seconds=deadline.remaining_s()) as connection:
            with connection.errors():
                # No credentials, no cookies, nothing of the caller's request.
                headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "audio-gateway"}
                connection.request("GET", connection.path, headers=headers)
                response = connection.getresponse()
            with closing(response):
                if response.status not in _REDIRECTS:
                    yield _pieces(connection, response, limit)
                    return
                url = _next_url(url, response.getheader("location"))
    message = f"'file_url' redirects more than {MAX_REDIRECTS} times; give the URL of the file itself."
    raise FileUnavailable(message, param="file_url")


def _next_url(url: str, location: str | None) -> str:
    if not location:
        raise FileUnavailable("The server of 'file_url' redirects to nowhere.", param="file_url")
    try:
        # http.client reads headers as latin-1, and servers send UTF-8.
        return urljoin(url, location.encode("latin-1").decode("utf-8", "replace"))
    except ValueError:
        raise FileUnavailable("The server of 'file_url' redirects to what is no URL.", param="file_url") from None


def _pieces(connection: GuardedConnection, response: http.client.HTTPResponse, limit: int) -> Iterator[bytes]:
    if response.status != HTTPStatus.OK:
        message = f"The server of 'file_url' answered {response.status} instead of a file."
        raise FileUnavailable(message + " Give a URL that can be read without signing in.", param="file_url")
    if response.getheader("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        message = "The server of 'file_url' answered in an encoding that was not asked for."
        raise FileUnavailable(message, param="file_url")
    announced, found = response.length, 0
    while True:
        if max(announced or 0, found) > limit:
            raise RequestTooLarge(f"The file at 'file_url' has more than {limit} bytes.", param="file_url")
        with connection.errors():
            piece = response.read1(_PIECE)  # as they come: whoever takes them may have seen enough
        if not piece:
            break
        found += len(piece)
        yield piece
    if announced is not None and found != announced:
        raise FileUnavailable("The server of 'file_url' closed the connection too early.", param="file_url")


def _reached(target: Target, deadline: Deadline, param: str) -> socket.socket:
    """A connected socket to one of the target's addresses, all of which were checked."""
    for family, address in addresses_of(target, deadline, param=param)[:MAX_ADDRESSES]:
        if deadline.passed:
            break
        raw = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            raw.settimeout(max(0.01, min(_CONNECT_S, deadline.remaining_s())))
            raw.connect(address)
        except OSError:
            raw.close()
        else:
            return raw
    if deadline.passed:
        raise FetchTimedOut(f"The server of '{param}' is too slow.", param=param)
    raise FileUnavailable(f"The server of '{param}' cannot be reached.", param=param)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
