"""A page in a browser that calls an API of another origin: fetch(), as far as the Fetch standard's CORS protocol goes.

What a browser would not send is not sent, and what it would not let the page read is not there: https://fetch.spec.whatwg.org,
sections "HTTP fetch", "HTTP-redirect fetch", "CORS-preflight fetch" and "CORS check", in the mode "cors" with the
credentials mode "same-origin".
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

SAFE_METHODS = {"GET", "HEAD", "POST"}
SAFE_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
ALWAYS_READABLE = {
    "cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma",
}  # fmt: skip
OF_THE_BODY = {"content-encoding", "content-language", "content-location", "content-type"}
MOST_REDIRECTS = 20


class NetworkError(Exception):
    """All that a page learns of what it may not do: TypeError: Failed to fetch."""


@dataclass(frozen=True)
class Raw:
    """An answer on the wire; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Wire = Callable[[str, str, Mapping[str, str], bytes], Raw]
"""Sends method, URL, headers and body."""


@dataclass
class Page:
    """A page of `origin`. `sent` are the requests that left the browser, preflights among them."""

    origin: str
    wire: Wire
    sent: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)

    def fetch(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Raw:
        """The answer as the page sees it, redirects followed; raises `NetworkError`."""
        headers = {name.lower(): value for name, value in (headers or {}).items()}
        origin = self.origin
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._one(method, url, headers, body, origin)
            where = answer.headers.get("location")
            if answer.status not in {301, 302, 303, 307, 308} or where is None:
                return _readable(answer)
            target = urljoin(url, where)
            if origin_of(target) != origin_of(url):
                headers.pop("authorization", None)
                if origin_of(url) != self.origin:
                    origin = "null"
            if answer.status == 303 and method not in {"GET", "HEAD"}:
                method, body = "GET", b""
                headers = {name: value for name, value in headers.items() if name not in OF_THE_BODY}
            url = target
        raise NetworkError("too many redirects")

    def _one(self, method: str, url: str, headers: Mapping[str, str], body: bytes, origin: str) -> Raw:
        unsafe = sorted(name for name, value in headers.items() if not _is_safe(name, value))
        if method not in SAFE_METHODS or unsafe:
            self._ask_first(method, url, unsafe, origin)
        answer = self._send(method, url, {**headers, "origin": origin}, body)
        _check(answer, origin)
        return answer

    def _ask_first(self, method: str, url: str, unsafe: list[str], origin: str) -> None:
        asking = {"origin": origin, "access-control-request-method": method}
        if unsafe:
            asking["access-control-request-headers"] = ",".join(unsafe)
        answer = self._send("OPTIONS", url, asking, b"")
        _check(answer, origin)
        if not 200 <= answer.status <= 299:
            raise NetworkError(f"preflight of {method} {url}: status {answer.status}")
        methods, names = _list(answer, "access-control-allow-methods"), _list(answer, "access-control-allow-headers")
        if method not in methods and method not in SAFE_METHODS and "*" not in methods:
            raise NetworkError(f"preflight of {method} {url}: the method is not allowed")
        allowed = {name.lower() for name in names}
        refused = [n for n in unsafe if n not in allowed and (n == "authorization" or "*" not in allowed)]
        if refused:
            raise NetworkError(f"preflight of {method} {url}: {refused} are not allowed")

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Raw:
        self.sent.append((method, url, headers))
        return self.wire(method, url, headers, body)


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def over_http(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Raw:
    """A wire: a connection of its own for each request, and no redirect followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, target, body or None, dict(headers))
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Raw(answer.status, found, answer.read())
    finally:
        connection.close()


def _is_safe(name: str, value: str) -> bool:
    if name == "content-type":
        return value.partition(";")[0].strip().lower() in SAFE_TYPES
    return name in {"accept", "accept-language", "content-language"}


def _check(answer: Raw, origin: str) -> None:
    allowed = answer.headers.get("access-control-allow-origin")
    if allowed not in {"*", origin}:
        raise NetworkError(f"status {answer.status}: Access-Control-Allow-Origin is {allowed}, and not {origin}")


def _list(answer: Raw, name: str) -> set[str]:
    return {each.strip() for each in answer.headers.get(name, "").split(",")} - {""}


def _readable(answer: Raw) -> Raw:
    exposed = {name.lower() for name in _list(answer, "access-control-expose-headers")}
    seen = {n: v for n, v in answer.headers.items() if n in ALWAYS_READABLE or n in exposed or "*" in exposed}
    return Raw(answer.status, seen, answer.body)
