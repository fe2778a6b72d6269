"""Lets pages of other origins call the API: the CORS protocol of the Fetch standard.

A page that may not call cannot read the response, not even the reason. So every response has the headers, whatever its
status. Calls are authorised by a key that the page itself sends: there are no cookies, and credentials are not allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

ANY: Final = "*"

EXPOSED: Final = (
    "allow",
    "content-disposition",
    "location",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "x-audio-gateway-cached",
    "x-audio-gateway-cost-usd",
    "x-audio-gateway-ignored",
    "x-audio-gateway-job",
    "x-audio-gateway-model",
    "x-audio-gateway-replayed",
    "x-ratelimit-limit-audio-seconds",
    "x-ratelimit-limit-characters",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-audio-seconds",
    "x-ratelimit-remaining-characters",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-audio-seconds",
    "x-ratelimit-reset-characters",
    "x-ratelimit-reset-requests",
    "x-request-id",
    "x-should-retry",
)
"""Response headers that pages may read, besides those that the standard always allows."""

MAX_AGE_S: Final = 7200
"""How long a browser may cache a preflight, in seconds. Chromium accepts at most two hours."""

# By name, because `*` does not include `authorization`, and older browsers do not know it.
_USUAL: Final = ("authorization", "content-type", "idempotency-key", "openai-organization", "openai-project")
_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*", re.ASCII)

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins that may call the API; None for any."""

    origins: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a list separated by commas, such as `https://app.example.com,https://admin.example.com`; or `*`."""
        origins = frozenset(origin.strip().lower() for origin in text.split(",")) - {""}
        return cls(None if ANY in origins else origins)

    def of_answer(self, origin: str | None) -> RawHeaders:
        """Headers of a response to a page of this origin, or to a program, which has none."""
        exposed = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
        if self.origins is None:
            return [(b"access-control-allow-origin", b"*"), exposed]
        vary = (b"vary", b"origin")
        return [*self._allow(origin), exposed, vary] if self._is_allowed(origin) else [vary]

    def of_preflight(self, origin: str | None, requested_headers: str | None, methods: tuple[str, ...]) -> RawHeaders:
        """Headers of the response to a preflight: a browser asks whether a page may send a request.

        Any header is allowed: the SDKs send their own, and each version sends new ones.
        """
        vary = (b"vary", b"origin, access-control-request-headers")
        if self.origins is not None and not self._is_allowed(origin):
            return [vary]
        wanted = requested_headers if requested_headers and _NAMES.fullmatch(requested_headers) else ", ".join(_USUAL)
        return [
            *self._allow(origin),
            (b"access-control-allow-methods", ", ".join(methods).encode()),
            (b"access-control-allow-headers", wanted.encode()),
            (b"access-control-max-age", str(MAX_AGE_S).encode()),
            vary,
        ]

    def _is_allowed(self, origin: str | None) -> bool:
        return self.origins is None or (origin or "").lower() in self.origins

    def _allow(self, origin: str | None) -> RawHeaders:
        return [(b"access-control-allow-origin", b"*" if self.origins is None else (origin or "").encode())]
