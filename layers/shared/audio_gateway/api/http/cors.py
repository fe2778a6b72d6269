"""What lets pages of other origins call the API: the CORS protocol of the Fetch standard.

A page that may not call reads nothing, and its browser says no more than that. So an answer has the headers whatever
its status is. Calls are authorised by keys that the page itself sends: there are no cookies, and nothing here allows
credentials.
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
"""Headers of answers that pages may read, beside those that the standard lets them read always."""

MAX_AGE_S: Final = 7200
"""How long a browser need not ask again: two hours are the most that Chromium takes."""

# By name, because `*` means neither `authorization` nor, in older browsers, anything.
_USUAL: Final = ("authorization", "content-type", "idempotency-key", "openai-organization", "openai-project")
_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*", re.ASCII)

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Cors:
    """Which origins may call; None for any."""

    origins: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From a list with commas in between, such as `https://app.example.com,https://admin.example.com`; or `*`."""
        origins = frozenset(origin.strip().lower() for origin in text.split(",")) - {""}
        return cls(None if ANY in origins else origins)

    def of_answer(self, origin: str | None) -> RawHeaders:
        """Headers of an answer to a page of this origin, or to a program that has none."""
        exposed = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
        if self.origins is None:
            return [(b"access-control-allow-origin", b"*"), exposed]
        vary = (b"vary", b"origin")
        return [*self._allow(origin), exposed, vary] if self._is_allowed(origin) else [vary]

    def of_preflight(self, origin: str | None, asked_headers: str | None, methods: tuple[str, ...]) -> RawHeaders:
        """Headers of the answer to a browser that asks whether a page may send a request.

        It may send any header: the SDKs send some of their own, and new ones with each version.
        """
        vary = (b"vary", b"origin, access-control-request-headers")
        if self.origins is not None and not self._is_allowed(origin):
            return [vary]
        wanted = asked_headers if asked_headers and _NAMES.fullmatch(asked_headers) else ", ".join(_USUAL)
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
