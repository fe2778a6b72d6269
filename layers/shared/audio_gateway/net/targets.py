"""URLs of callers: whether one may be called, judged by its text alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, Self
from urllib.parse import SplitResult, quote, urlsplit

from audio_gateway.errors import ConfigurationError, InvalidRequest

MAX_URL: Final = 4096
"""Characters; presigned URLs have about 2000."""

HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
_HIGHEST_PORT: Final = 65535

_VISIBLE: Final = re.compile(r"[!-~\u00a1-\ud7ff\ue000-\U0010ffff]+")
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.ASCII)
# A last label that is a number makes the whole host an IPv4 address for some resolver (WHATWG URL, "ends in a number").
_NUMBER: Final = re.compile(r"([0-9]+|0[xX][0-9a-fA-F]*)", re.ASCII)


_SAFE_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"
_SAFE_IN_QUERY: Final = _SAFE_IN_PATH + "?[]|"
_ENCODED: Final = re.compile(r"%([0-9a-fA-F]{2})", re.ASCII)
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Hosts and ports that may be called although they are private, or over plain http."""

    pairs: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `host:port,…`; raises `ConfigurationError` for anything else."""
        pairs = set()
        for entry in filter(None, (part.strip() for part in text.split(","))):
            host, colon, port = entry.rpartition(":")
            if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT):
                raise ConfigurationError(f"AUDIO_GATEWAY_ALLOW_HOSTS has '{entry}'; write host:port,host:port")
            pairs.add((host.strip("[]").lower(), int(port)))
        return cls(frozenset(pairs))

    def __contains__(self, pair: tuple[str, int]) -> bool:
        return pair in self.pairs


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL that may be called. `path` includes the query; `any_address` is true for allowed hosts."""

    tls: bool
    host: str
    port: int
    path: str
    any_address: bool


def target_of(url: str, allow: AllowedHosts, *, param: str = "file_url") -> Target:
    """Parse and check a URL without a lookup; raises `InvalidRequest` naming `param`."""
    try:
        parts, host, port = _split(url)
        any_address = (host, port) in allow
        if not any_address:
            _check_scheme_and_port(parts.scheme, host, port)
        _check_host(host, parts.netloc)
    except _WrongUrlError as error:
        raise InvalidRequest(f"'{param}' {error}", param=param, code="invalid_url") from None
    path = quote(parts.path or "/", safe=_SAFE_IN_PATH)
    if parts.query:
        path += "?" + quote(parts.query, safe=_SAFE_IN_QUERY)
    return Target(parts.scheme == "https", host, port, path, any_address)


def authority_of(url: str) -> str:
    """The host and port of a URL that `target_of` accepted, always in the same spelling."""
    parts, host, port = _split(url)
    return f"{_normal_host(host, parts.netloc)}:{port}"


def normal_form(url: str) -> str:
    """The normal form of a URL that `target_of` accepted (RFC 3986, section 6.2).

    It ignores the letter case of scheme and host, the form of an IPv6 address, the default port, an empty path, dot
    segments, unnecessary percent-encoding, and the fragment.
    """
    parts, _, _ = _split(url)
    path = _without_dots(_normal_encoding(quote(parts.path, safe=_SAFE_IN_PATH)))
    query = "?" + _normal_encoding(quote(parts.query, safe=_SAFE_IN_QUERY)) if parts.query else ""
    return f"{parts.scheme}://{authority_of(url)}{path}{query}"


def _normal_host(host: str, netloc: str) -> str:
    return f"[{ip_address(host)}]" if "[" in netloc else host


def _normal_encoding(text: str) -> str:
    """Percent-encodings in capitals, and only of characters that need them."""

    def spelled(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if _UNRESERVED.fullmatch(character) else found[0].upper()

    return _ENCODED.sub(spelled, text)


def _without_dots(path: str) -> str:
    """The path without its segments `.` and `..`; `/` for an empty one."""
    kept = list[str]()
    *folders, last = path.split("/")[1:] or [""]
    for segment in folders:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if last == "..":
        del kept[-1:]
    return "/".join(["", *kept, "" if last in {".", ".."} else last])


class _WrongUrlError(Exception):
    """The message is the rest of a sentence that begins with the field."""


def _split(url: str) -> tuple[SplitResult, str, int]:
    """The parts of a URL, its host in lower case and its port."""
    if len(url) > MAX_URL:
        raise _WrongUrlError(f"has {len(url)} characters; send at most {MAX_URL}.")
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise _WrongUrlError("must be one https URL without spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _WrongUrlError("is not a URL; write it as https://host/path.") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise _WrongUrlError("must be an https URL, such as https://example.com/speech.mp3.")
    if "@" in parts.netloc:
        raise _WrongUrlError("must not contain a user name or password.")
    if port is None:
        port = HTTPS_PORT if parts.scheme == "https" else HTTP_PORT
    return parts, host, port


def _check_scheme_and_port(scheme: str, host: str, port: int) -> None:
    """Check the rules for all hosts that are not in `AllowedHosts`."""
    if scheme != "https":
        raise _WrongUrlError("must be an https URL.")
    if port != HTTPS_PORT:
        raise _WrongUrlError("must use port 443, the default of https.")
    if not host.isascii():
        raise _WrongUrlError("has a host name with characters other than ASCII; write it in its 'xn--' form.")


def _check_host(host: str, netloc: str) -> None:
    if not (_is_literal(host, netloc) or _is_name(host, netloc)):
        raise _WrongUrlError("has a host that is neither a valid name nor an IP address in its usual form.")


def _is_literal(host: str, netloc: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address) == ("[" in netloc) and "%" not in host
    except ValueError:
        return False


def _is_name(host: str, netloc: str) -> bool:
    ends_in_a_number = _NUMBER.fullmatch(host.rpartition(".")[2])
    return "[" not in netloc and _NAME.fullmatch(host) is not None and not ends_in_a_number
