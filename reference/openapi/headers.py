"""The headers of responses, and the errors as components of the document."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from reference.openapi.build import Schema, reference
from reference.openapi.error_rows import error_rows
from reference.openapi.operations import named, response_name

_WINDOW_HEADERS: Final = {
    f"x-ratelimit-{what}-{unit}": description.format(unit=unit.replace("audio-", "audio "))
    for unit in ("requests", "characters", "audio-seconds")
    for what, description in (
        ("limit", "The key's limit of {unit} per clock minute, if it has one."),
        ("remaining", "The number of {unit} left in this minute."),
        ("reset", "The time until the next minute, such as `17s`."),
    )
}

SERVED: Final = (
    "x-audio-gateway-model",
    "x-audio-gateway-ignored",
    "x-audio-gateway-cost-usd",
    "x-audio-gateway-replayed",
    *_WINDOW_HEADERS,
)
"""The headers of responses that a model has served."""

SPOKEN: Final = (*SERVED, "x-audio-gateway-cached")
"""The headers of speech responses."""

_ERROR_HEADERS: Final = {
    401: ("www-authenticate",),
    405: ("allow",),
    409: ("retry-after",),
    429: ("retry-after", "x-should-retry", *_WINDOW_HEADERS),
    500: ("x-should-retry",),
    502: ("retry-after", "x-should-retry"),
    503: ("retry-after", "x-should-retry"),
    504: ("x-should-retry",),
}


def header_components() -> dict[str, Schema]:
    """All headers, by name."""
    described = {
        "x-request-id": "The id of the request, in every response: `req_` and 32 hex digits or, if API Gateway itself "
        "refused the request, those digits with hyphens. Quote it when you ask the operator for help.",
        "openai-processing-ms": "How long the function took, in milliseconds.",
        "openai-version": "The version of OpenAI's API, as the SDKs expect it.",
        "x-content-type-options": "Always `nosniff`.",
        "x-audio-gateway-model": "The id of the model that served: the requested one or one of its fallbacks.",
        "x-audio-gateway-ignored": "The names of the fields that had no effect, if any. Of unknown fields, only the "
        "first ten are named.",
        "x-audio-gateway-cost-usd": "The cost in dollars, as a plain decimal number.",
        "x-audio-gateway-replayed": "`true` if this is the response to an earlier request with the same "
        "`Idempotency-Key`, or to an earlier attempt of the same call.",
        "x-audio-gateway-job": "The id of the job that the request has become.",
        "x-audio-gateway-cached": "`true` if the speech was generated earlier, where the catalogue allows such reuse.",
        **_WINDOW_HEADERS,
        "location": "The URL of the result.",
        "content-disposition": "The name of the file.",
        "retry-after": "The number of seconds to wait before a retry.",
        "x-should-retry": "`false` if a retry cannot help. The SDKs honour it.",
        "allow": "The methods that the resource supports.",
        "www-authenticate": "`Bearer`. Sent by API Gateway.",
    }
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}


def error_responses(statuses: tuple[int, ...]) -> dict[str, Schema]:
    """A component for each of these statuses, which explains all errors that have it."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for row in error_rows():
        for status in row.statuses:
            reasons[status].append(f"{row.when} (`{row.code}`)" if row.code else row.when)
    return {response_name(status): _error_response(status, reasons[status]) for status in sorted(statuses)}


def _error_response(status: int, reasons: list[str]) -> Schema:
    return {
        "description": " ".join(reasons),
        "headers": named(*_ERROR_HEADERS.get(status, ())),
        "content": {"application/json": {"schema": reference("Error")}},
    }
