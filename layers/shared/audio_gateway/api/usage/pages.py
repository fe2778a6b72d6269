"""The buckets of a report: where they begin and end, and how a long report is divided into pages.

All times are Unix seconds. Buckets are contiguous: the first begins where the report does, the others at whole UTC
minutes, hours or days, and the last ends where the report does.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from audio_gateway.errors import InvalidRequest

_PREFIX: Final = "page_"
_TOKEN_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class ReportWidth:
    """A width of buckets in seconds, and how many buckets a page has."""

    seconds: int
    default_limit: int
    max_limit: int


# The defaults and maxima are OpenAI's (contract section 9).
USAGE_WIDTHS: Final = {
    "1m": ReportWidth(60, default_limit=60, max_limit=1440),
    "1h": ReportWidth(3_600, default_limit=24, max_limit=168),
    "1d": ReportWidth(86_400, default_limit=7, max_limit=31),
}
COSTS_WIDTH: Final = ReportWidth(86_400, default_limit=7, max_limit=180)


def page_of_edges(start_s: int, end_s: int, width: ReportWidth, limit: int) -> tuple[int, ...]:
    """The edges of at most `limit` buckets from `start_s` on, one more than there are buckets."""
    edges = [start_s]
    while edges[-1] < end_s and len(edges) <= limit:
        edges.append(min(_next_boundary(edges[-1], width), end_s))
    return tuple(edges)


def page_token(at_s: int) -> str:
    """The `page` that continues a report at this edge."""
    return _PREFIX + base64.urlsafe_b64encode(at_s.to_bytes(_TOKEN_BYTES, "big")).decode()


def edge_of(token: str, start_s: int, end_s: int, width: ReportWidth) -> int:
    """The edge at which a page begins.

    Raises:
        InvalidRequest: `param` is `page`: it is not a token, or the token of a report with another range or width.
    """
    at_s = _decoded(token)
    if at_s is not None and at_s % width.seconds == 0 and start_s < at_s < end_s:
        return at_s
    raise InvalidRequest(
        "'page' must be the next_page of a response to the same query; leave it out to begin at the start.",
        param="page",
        code="invalid_value",
    )


def _next_boundary(at_s: int, width: ReportWidth) -> int:
    return (at_s // width.seconds + 1) * width.seconds


def _decoded(token: str) -> int | None:
    try:
        raw = base64.b64decode(token.removeprefix(_PREFIX), altchars=b"-_", validate=True)
    except ValueError:
        return None
    at_s = int.from_bytes(raw, "big")
    return at_s if len(raw) == _TOKEN_BYTES and page_token(at_s) == token else None
