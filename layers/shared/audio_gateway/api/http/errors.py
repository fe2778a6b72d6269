"""The only module that maps domain errors to HTTP: status, OpenAI's envelope, retry or not (contract section 7)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Final

from audio_gateway import errors as e

_REQUEST: Final = "invalid_request_error"
_SERVER: Final = "server_error"


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error as an HTTP response."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


# Status and type by class; the most specific class wins.
_TABLE: Final[dict[type[e.GatewayError], tuple[int, str]]] = {
    e.GatewayError: (500, _SERVER),
    e.InvalidRequest: (400, _REQUEST),
    e.RequestTooLarge: (413, _REQUEST),
    e.UnsupportedContentType: (415, _REQUEST),
    e.NotAuthenticated: (401, _REQUEST),
    e.PermissionDenied: (403, _REQUEST),
    e.KeyNotUsable: (401, _REQUEST),
    e.LimitReached: (429, "insufficient_quota"),
    e.RateLimitReached: (429, "requests"),
    e.TooMuchAtOnce: (429, "requests"),
    e.AlreadyRunning: (409, "conflict_error"),
    e.IdempotencyKeyReused: (422, _REQUEST),
    e.IdempotencyUnavailable: (503, "service_unavailable_error"),
    e.MeteringUnavailable: (503, "service_unavailable_error"),
    e.StorageUnavailable: (503, "service_unavailable_error"),
    e.Conflict: (409, "conflict_error"),
    e.NotReady: (409, "conflict_error"),
    e.StillRunning: (504, _SERVER),
    e.NotFound: (404, _REQUEST),
    e.MethodNotAllowed: (405, _REQUEST),
    e.ProviderError: (502, _SERVER),
    e.ProviderRejected: (400, _REQUEST),
    e.ProviderRateLimited: (429, "requests"),
    e.ProviderKeyRefused: (502, _SERVER),
    e.ProviderKeyUnreadable: (502, _SERVER),
    e.ProviderQuotaExhausted: (503, "service_unavailable_error"),
    e.ProviderUnavailable: (503, "service_unavailable_error"),
    e.ProviderTimedOut: (504, _SERVER),
    e.ProviderBadAnswer: (502, _SERVER),
    e.ConfigurationError: (500, _SERVER),
}

# The SDKs would retry twice, with the same result.
_DO_NOT_RETRY: Final = (
    e.BudgetReached,
    e.TooMuchAtOnce,
    e.ProviderKeyRefused,
    e.ProviderKeyUnreadable,
    e.ProviderQuotaExhausted,
    e.ProviderTimedOut,  # a retry takes as long again, and the provider may charge for each try
    e.Conflict,
    e.StillRunning,  # an SDK would repeat the whole call, which starts a second job
    e.JobFailed,  # as above; each part of it was already tried several times
    e.ConfigurationError,
)

_CAN_WAIT: Final = (e.ProviderError, e.RateLimitReached, e.AlreadyRunning, e.NotReady)

# Messages about the operator's settings, which callers must not read.
_INTERNAL: Final = (e.ConfigurationError,)

INTERNAL_MESSAGE: Final = (
    "The server had an error while processing your request. Sorry about that! "
    "If it happens again, give the request id {request_id} to the operator of this service."
)


def answer_for(error: Exception, request_id: str) -> ErrorResponse:
    """The response to any exception. One that is not a `GatewayError` becomes a 500 without details."""
    if not isinstance(error, e.GatewayError) or isinstance(error, _INTERNAL):
        return _answer(500, _SERVER, INTERNAL_MESSAGE.format(request_id=request_id), None, None, _headers(error))
    status, kind = _lookup(type(error))
    if isinstance(error, e.ProviderRejected):
        status = error.upstream_status
    if isinstance(error, e.JobFailed):
        status, kind = error.status, error.kind
    return _answer(status, kind, error.message, error.param, error.code, _headers(error))


def _lookup(cls: type[e.GatewayError]) -> tuple[int, str]:
    return next(_TABLE[base] for base in cls.__mro__ if base in _TABLE)


def _headers(error: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, e.MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    if isinstance(error, _DO_NOT_RETRY):
        headers["x-should-retry"] = "false"
    elif isinstance(error, _CAN_WAIT) and error.retry_after_s is not None:
        # Whole seconds, rounded up: an early retry would be refused again (contract section 8).
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    return headers


def _answer(
    status: int, kind: str, message: str, param: str | None, code: str | None, headers: dict[str, str]
) -> ErrorResponse:
    envelope = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    # A message may quote the caller's text with lone surrogates, which UTF-8 cannot encode; they are escaped.
    body = json.dumps(envelope, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    return ErrorResponse(status, body, {"content-type": "application/json", **headers})
