"""Fetching what a caller names by a URL, and nothing that only this function could reach.

A URL of the caller's is an order to call from inside the operator's network (server-side request forgery, CWE-918).
So: https on port 443 only; one spelling of a host; its name is looked up once, every address must be public, and the
connection goes to the address that was checked, with TLS for the name. A redirect is a new URL and is checked as one.
No message tells apart a name that does not exist from one that leads into the network.

`AllowedHosts` names exceptions for tests on the local stack; a deployed function refuses to start with one.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, Self
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, FetchTimedOut, FileUnavailable, InvalidRequest, RequestTooLarge

MAX_URL: Final = 4096
"""Characters; presigned URLs have about 2000."""
MAX_REDIRECTS: Final = 5

_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80
_HIGHEST_PORT: Final = 65535
_CONNECT_S: Final = 5.0  # for each address of the host
_PIECE: Final = 256 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_VISIBLE: Final = re.compile(r"[!-~\u00a1-\ud7ff\ue000-\U0010ffff]+")
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.ASCII)
# A last label that is a number makes the whole host an IPv4 address for some resolver (WHATWG URL, «ends in a number»).
_NUMBER: Final = re.compile(r"([0-9]+|0[xX][0-9a-fA-F]*)", re.ASCII)

# IANA's special-purpose registries: whatever is not reachable from everywhere, and what carries another address inside.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # of carriers; a cloud's metadata is here, too
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local: the metadata of AWS
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
        ),
    )
)
# All of IPv6 that is in use. Outside are loopback, link-local, unique local, multicast, IPv4-mapped and NAT64.
_GLOBAL_V6: Final = ip_network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address is inside
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Hosts and ports that may be reached although they are private, or by plain http."""

    pairs: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `host:port,…`; raises `ConfigurationError` for anything else."""
        pairs = set()
        for entry in filter(None, (part.strip() for part in text.split(","))):
            host, colon, port = entry.rpartition(":")
            if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT):
                raise ConfigurationError(f"AUDIO_GATEWAY_ALLOW_HOSTS has '{entry}'; write host:port,host:port")
            pairs.add((host.strip("[]").lower(), int(port)))
        return cls(frozenset(pairs))

    def __contains__(self, place: tuple[str, int]) -> bool:
        return place in self.pairs


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that was taken apart and may be called. `path` has the query; `any_address` is for allowed hosts."""

    tls: bool
    host: str
    port: int
    path: str
    any_address: bool


def target_of(url: str, allow: AllowedHosts, *, param: str = "file_url") -> Target:
    """Check the spelling of a URL; raises `InvalidRequest` naming `param`. No name is looked up."""
    try:
        parts, host, port = _taken_apart(url)
        any_address = (host, port) in allow
        if not any_address:
            _check_place(parts.scheme, host, port)
        _check_host(host, parts.netloc)
    except _WrongUrlError as error:
        raise InvalidRequest(f"'{param}' {error}", param=param, code="invalid_url") from None
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]|")
    return Target(parts.scheme == "https", host, port, path, any_address)


def check_url(url: str, allow: AllowedHosts, *, param: str) -> None:
    """Check a URL that will be called later, and where it leads now; raises `InvalidRequest` naming `param`.

    Whoever calls it checks it again: names can be moved.
    """
    _addresses(target_of(url, allow, param=param), param)


class _WrongUrlError(Exception):
    """Says what is wrong, as the rest of a sentence."""


def _taken_apart(url: str) -> tuple[SplitResult, str, int]:
    """The parts of a URL, its host in lower case and its port."""
    if len(url) > MAX_URL:
        raise _WrongUrlError(f"has {len(url)} characters; at most {MAX_URL} are taken.")
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise _WrongUrlError("must be one https URL without spaces, control characters and backslashes.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _WrongUrlError("is not a URL; write it as https://host/path.") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise _WrongUrlError("must be an https URL, such as https://example.com/speech.mp3.")
    if "@" in parts.netloc:
        raise _WrongUrlError("must not hold a user name or password.")
    if port is None:
        port = _HTTPS_PORT if parts.scheme == "https" else _HTTP_PORT
    return parts, host, port


def _check_place(scheme: str, host: str, port: int) -> None:
    """What holds for all hosts but those that are allowed by name."""
    if scheme != "https":
        raise _WrongUrlError("must be an https URL.")
    if port != _HTTPS_PORT:
        raise _WrongUrlError("must be on port 443, the one that https has by itself.")
    if not host.isascii():
        raise _WrongUrlError("has a host name with other than ASCII characters; write it in its form with xn--.")


def _check_host(host: str, netloc: str) -> None:
    if not (_is_literal(host, netloc) or _is_name(host, netloc)):
        raise _WrongUrlError("has a host that is neither a name nor an IP address in its usual form.")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is reachable from everywhere, and holds no other address inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


class GuardedConnection(http.client.HTTPConnection):
    """One connection to the checked address of a target, open and in time: `request`, then `getresponse`.

    It never connects again by itself. At its deadline it is shut down from outside, whatever the reader waits for:
    a server that drips a byte a second resets every timeout that is set on a socket.
    """

    auto_open = 0

    def __init__(self, target: Target, deadline: Deadline, *, param: str) -> None:
        super().__init__(target.host, target.port)
        self.default_port = _HTTPS_PORT if target.tls else _HTTP_PORT  # left out of the Host header
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
            how = "has no valid certificate" if isinstance(error, ssl.SSLCertVerificationError) else "broke off"
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
            piece = response.read(_PIECE)
        if not piece:
            break
        found += len(piece)
        yield piece
    if announced is not None and found != announced:
        raise FileUnavailable("The server of 'file_url' broke off.", param="file_url")


def _reached(target: Target, deadline: Deadline, param: str) -> socket.socket:
    """A connected socket to one of the target's addresses, all of which were checked."""
    for family, address in _addresses(target, param):
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


def _addresses(target: Target, param: str) -> list[tuple[int, Any]]:
    """Families and addresses of the target's host, looked up once; one that is not public spoils them all."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    places: list[tuple[int, Any]] = [
        (family, address) for family, _, _, _, address in found if family in {socket.AF_INET, socket.AF_INET6}
    ]
    if not places or not (target.any_address or all(is_public(ip_address(place[0])) for _, place in places)):
        message = f"'{param}' does not lead to a public address; it must be reachable from everywhere."
        raise InvalidRequest(message, param=param, code="invalid_url")
    return places


def _is_literal(host: str, netloc: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address) == ("[" in netloc) and "%" not in host
    except ValueError:
        return False


def _is_name(host: str, netloc: str) -> bool:
    ends_in_a_number = _NUMBER.fullmatch(host.rpartition(".")[2])
    return "[" not in netloc and _NAME.fullmatch(host) is not None and not ends_in_a_number


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
