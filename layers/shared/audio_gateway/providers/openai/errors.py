"""Maps an upstream's error to a `ProviderError`, by status and code, never by the text of the message."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.errors import (
    ProviderBadAnswer,
    ProviderError,
    ProviderKeyRefused,
    ProviderQuotaExhausted,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimedOut,
    ProviderUnavailable,
)

_MESSAGE_LENGTH: Final = 500
_FIELD_LENGTH: Final = 64
_A_DAY_S: Final = 86_400.0

_WRONG_ADDRESS: Final = frozenset({404, 405, 410})
_BY_STATUS: Final[dict[int, type[ProviderError]]] = {
    **dict.fromkeys((400, 413, 415, 422), ProviderRejected),
    **dict.fromkeys((401, 403, *_WRONG_ADDRESS), ProviderKeyRefused),
    402: ProviderQuotaExhausted,
    408: ProviderTimedOut,
    409: ProviderUnavailable,
    425: ProviderUnavailable,
    429: ProviderRateLimited,
    504: ProviderTimedOut,
}
_SERVER_ERRORS: Final = 500  # and above: unavailable. Any other status, such as a redirect, is a bad answer.
_MESSAGES: Final[dict[type[ProviderError], str]] = {
    ProviderKeyRefused: "refused the operator's key",
    ProviderQuotaExhausted: "has no credit left for the operator's account",
    ProviderRateLimited: "is limiting the rate of requests",
    ProviderTimedOut: "did not finish in time",
    ProviderUnavailable: "is not available",
    ProviderBadAnswer: "answered with an unexpected status",
}
_QUOTA_STATUSES: Final = frozenset({403, 429})
_NO_MODEL: Final = "model_not_found"
_QUOTA_CODES: Final = frozenset({  # contract section 7
    "insufficient_quota", "billing_hard_limit_reached", "credit_balance_exhausted", "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Complaint:
    """OpenAI's error object; fields that are missing or have a wrong type are empty."""

    message: str = ""
    type: str = ""
    param: str | None = None
    code: str = ""

    @property
    def is_quota(self) -> bool:
        """Whether the quota of the operator's account is exhausted."""
        return self.code in _QUOTA_CODES or self.type in _QUOTA_CODES


def refusal(provider: str, status: int, headers: Mapping[str, str], body: bytes, secret: str | None) -> ProviderError:
    """The error for a status other than 200. `secret` is removed from everything that is passed on."""
    complaint = complaint_in(body)
    kind = _class_of(status, complaint)
    if kind is ProviderRejected:
        return _rejection(provider, status, complaint, secret)
    message = f"The provider '{provider}' {_MESSAGES[kind]} ({status})."
    wait_s = retry_after(headers, time.time())
    if kind is ProviderKeyRefused and (status in _WRONG_ADDRESS or complaint.code == _NO_MODEL):
        # The operator's catalogue is wrong, not the key; in both cases a retry does not help.
        message = f"The provider '{provider}' does not know the model or the endpoint ({status})."
        return ProviderKeyRefused(message, provider=provider, code="provider_model_not_found")
    return kind(message, provider=provider, retry_after_s=wait_s, worked=False)


def _class_of(status: int, complaint: Complaint) -> type[ProviderError]:
    if complaint.is_quota and status in _QUOTA_STATUSES:
        return ProviderQuotaExhausted
    if complaint.code == _NO_MODEL and status in _BY_STATUS:
        return ProviderKeyRefused
    return _BY_STATUS.get(status, ProviderUnavailable if status >= _SERVER_ERRORS else ProviderBadAnswer)


def broken_stream(provider: str, data: str) -> ProviderError:
    """The error for an error event in a stream. It has no status, so its code decides."""
    complaint = complaint_in(data)
    if complaint.is_quota:
        return ProviderQuotaExhausted(
            f"The provider '{provider}' {_MESSAGES[ProviderQuotaExhausted]}.", provider=provider, worked=True
        )
    message = f"The provider '{provider}' failed in the middle of its response."
    return ProviderUnavailable(message, provider=provider, worked=True)


def complaint_in(body: bytes | str) -> Complaint:
    """The error object in a body, which may be anything."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Complaint()
    return _complaint(answer.get("error", answer) if isinstance(answer, dict) else None)


def retry_after(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds to wait, a day at most, by `retry-after-ms` or `retry-after` (seconds or an HTTP date), else None.

    `now_s` is the unix time.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    said = headers.get("retry-after")
    seconds = _number(said) if milliseconds is None else milliseconds / 1000
    if seconds is None and said:
        try:
            seconds = email.utils.parsedate_to_datetime(said).timestamp() - now_s
        except (ValueError, OverflowError):
            return None
    return None if seconds is None else min(max(seconds, 0.0), _A_DAY_S)


def _rejection(provider: str, status: int, complaint: Complaint, secret: str | None) -> ProviderRejected:
    def clean(text: str, length: int) -> str:
        """Remove the key first, and then cut: a cut key could not be found."""
        text = text.replace(secret, "***") if secret else text
        return text if len(text) <= length else text[: length - 1] + "…"

    message = clean(complaint.message, _MESSAGE_LENGTH)
    return ProviderRejected(
        message or f"The provider '{provider}' refused the request ({status}).",
        provider=provider,
        upstream_status=status,
        param=None if complaint.param is None else clean(complaint.param, _FIELD_LENGTH),
        code=clean(complaint.code, _FIELD_LENGTH) or None,
    )


def _complaint(error: Any) -> Complaint:
    if isinstance(error, str):
        return Complaint(message=error)
    if not isinstance(error, dict):
        return Complaint()
    message, kind, param, code = (error.get(name) for name in ("message", "type", "param", "code"))
    return Complaint(
        message=message if isinstance(message, str) else "",
        type=kind if isinstance(kind, str) else "",
        param=param if isinstance(param, str) else None,
        code=str(code) if isinstance(code, (str, int)) else "",
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
