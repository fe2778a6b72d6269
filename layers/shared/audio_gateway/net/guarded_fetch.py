"""Requests to URLs of callers, guarded against server-side request forgery (CWE-918).

A caller's URL makes this function send a request from inside the operator's network. So only https on port 443 is
allowed, and one spelling of a host. Its name is looked up once, every address must be public, and the connection goes
to an address that was checked, with TLS for the name. A redirect is a new URL and is checked like one. The messages do
not reveal whether a name does not exist or has a private address.

`AllowedHosts` names exceptions for tests on the local stack; a deployed function refuses to start with one.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin

from audio_gateway.deadline import Deadline
from audio_gateway.errors import FetchTimedOut, FileUnavailable, RequestTooLarge
from audio_gateway.net.addresses import addresses_of
from audio_gateway.net.bounded_connection import (
    BoundedConnection,
    EncodedBodyError,
    LongBodyError,
    body_pieces,
    connected_socket,
)
from audio_gateway.net.targets import AllowedHosts, target_of
from audio_gateway.net.watchdog import Watchdog

MAX_REDIRECTS: Final = 5
MAX_ADDRESSES: Final = 8
"""Addresses of a host that are tried: a name may have thousands."""

_CHECK_S: Final = 5.0  # for the lookup of a name that is not called yet
_CONNECT_S: Final = 5.0  # for each address of the host
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def check_url(url: str, allow: AllowedHosts, *, param: str) -> None:
    """Check a URL that will be called later, and its addresses; raises `InvalidRequest` naming `param`.

    It is checked again before each call, because the addresses of a name can change.
    """
    addresses_of(target_of(url, allow, param=param), Deadline.after(_CHECK_S), param=param)


class GuardedConnection:
    """One exchange with the checked address of a caller's URL: `request`, then `pieces` of the response."""

    def __init__(self, connection: BoundedConnection, watchdog: Watchdog, path: str, param: str) -> None:
        self._connection = connection
        self._watchdog = watchdog
        self._path = path
        self._param = param

    def request(self, method: str, headers: Mapping[str, str], body: bytes | None = None) -> http.client.HTTPResponse:
        """Send a request to the URL; raises `FileUnavailable` or `FetchTimedOut`."""
        with _errors(self._watchdog, self._param):
            self._connection.request(method, self._path, body=body, headers=headers)
            return self._connection.getresponse()

    def pieces(self, response: http.client.HTTPResponse, *, limit: int) -> Iterator[bytes]:
        """The response's body as it arrives.

        Raises:
            FileUnavailable: the server closes the connection before the end, or compresses the body.
            FetchTimedOut: the time is up.
            RequestTooLarge: the body has more than `limit` bytes.
        """
        try:
            with _errors(self._watchdog, self._param):
                yield from body_pieces(response, self._watchdog, limit=limit)
        except EncodedBodyError:
            message = f"The server of '{self._param}' answered in an encoding that was not requested."
            raise FileUnavailable(message, param=self._param) from None
        except LongBodyError:
            message = f"The file at '{self._param}' has more than {limit:,} bytes."
            raise RequestTooLarge(message, param=self._param) from None


@contextmanager
def guarded_connection(
    url: str, allow: AllowedHosts, *, seconds: float, param: str = "file_url"
) -> Iterator[GuardedConnection]:
    """A connection for one exchange with a caller's URL, closed at the end.

    A redirect may only be followed through this function.

    Raises:
        InvalidRequest: the URL may not be called; `param` is the field that contained it.
        FileUnavailable: the server cannot be reached, or closes the connection.
        FetchTimedOut: the exchange took more than `seconds`.
    """
    target, deadline = target_of(url, allow, param=param), Deadline.after(seconds)
    addresses = addresses_of(target, deadline, param=param)[:MAX_ADDRESSES]
    with Watchdog(deadline.remaining_s()) as watchdog:
        try:
            raw = connected_socket(addresses, watchdog, seconds=_CONNECT_S)
        except OSError as error:
            if watchdog.expired:
                raise _too_slow(param) from error
            raise FileUnavailable(f"The server of '{param}' cannot be reached.", param=param) from error
        with _errors(watchdog, param):
            connection = BoundedConnection(raw, target.host, target.port, tls=target.tls)
        with closing(connection):
            yield GuardedConnection(connection, watchdog, target.path, param)


@contextmanager
def remote_file(url: str, allow: AllowedHosts, *, limit: int, seconds: float) -> Iterator[Iterator[bytes]]:
    """The file at `file_url`, in pieces as it arrives: memory does not grow with it.

    Raises (also while the pieces are read):
        InvalidRequest: the URL, or one that it redirects to, may not be called.
        FileUnavailable: its server does not answer 200 with a complete file.
        FetchTimedOut: the file was not complete after `seconds`.
        RequestTooLarge: it has more than `limit` bytes.
    """
    deadline = Deadline.after(seconds)
    for _ in range(MAX_REDIRECTS + 1):
        with guarded_connection(url, allow, seconds=deadline.remaining_s()) as connection:
            # No credentials, no cookies, nothing of the caller's request.
            headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "audio-gateway"}
            with closing(connection.request("GET", headers)) as response:
                if response.status not in _REDIRECTS:
                    _check_status(response.status)
                    yield connection.pieces(response, limit=limit)
                    return
                url = _next_url(url, response.getheader("location"))
    message = f"'file_url' redirects more than {MAX_REDIRECTS} times; send the URL of the file itself."
    raise FileUnavailable(message, param="file_url")


def _next_url(url: str, location: str | None) -> str:
    if not location:
        raise FileUnavailable("The server of 'file_url' redirects without a Location header.", param="file_url")
    try:
        # http.client reads headers as latin-1, and servers send UTF-8.
        return urljoin(url, location.encode("latin-1").decode("utf-8", "replace"))
    except ValueError:
        raise FileUnavailable("The server of 'file_url' redirects to an invalid URL.", param="file_url") from None


def _check_status(status: int) -> None:
    if status != HTTPStatus.OK:
        message = f"The server of 'file_url' answered {status} instead of a file."
        raise FileUnavailable(message + " Send a URL that can be read without signing in.", param="file_url")


@contextmanager
def _errors(watchdog: Watchdog, param: str) -> Iterator[None]:
    """Turn the errors of a connection into `FileUnavailable`, or `FetchTimedOut` after the deadline."""
    try:
        with watchdog.in_time():
            yield
    except TimeoutError as error:
        raise _too_slow(param) from error
    except (OSError, http.client.HTTPException) as error:
        how = (
            "has no valid certificate"
            if isinstance(error, ssl.SSLCertVerificationError)
            else "closed the connection too early"
        )
        raise FileUnavailable(f"The server of '{param}' {how}.", param=param) from error


def _too_slow(param: str) -> FetchTimedOut:
    return FetchTimedOut(f"The server of '{param}' is too slow.", param=param)
