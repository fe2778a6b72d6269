"""All errors that cross a package border.

They carry data and no HTTP status: only `audio_gateway.api.http.errors` maps a class to a status and to OpenAI's
envelope. The first sentence of each class is its description in docs/api.md.

    GatewayError
    ├── InvalidRequest               the caller's request is wrong
    │   ├── InvalidAudio             the file is not audio, or cannot be decoded
    │   │   └── AudioTooLong         it is longer than the limit for measuring
    │   ├── UnsupportedOption        the model does not support an option; names the models that do
    │   ├── WorkTooLong              would take longer than the platform allows
    │   ├── RequestTooLarge          larger than the platform or the model accepts
    │   ├── FileUnavailable          the upload or URL in the request yields no file
    │   │   └── FetchTimedOut        the URL's server is too slow
    │   └── UnsupportedContentType   the endpoint does not accept the Content-Type
    ├── NotAuthenticated             no key, or one that does not exist
    ├── PermissionDenied             the key is valid but does not permit this request
    │   └── KeyNotUsable             the key has expired or was disabled or deleted
    ├── LimitReached                 the request exceeds a limit of the key
    │   ├── RateLimitReached         requests, characters or audio in this minute, or concurrent requests
    │   ├── TooMuchAtOnce            the request alone exceeds a limit, or unused uploads leave no room
    │   └── BudgetReached            the month's budget; a retry does not help
    ├── AlreadyRunning               another call is working on the same request
    ├── IdempotencyKeyReused         the Idempotency-Key was used for a different request
    ├── IdempotencyUnavailable       earlier responses cannot be looked up, so nothing is done
    ├── MeteringUnavailable          usage cannot be recorded, so nothing is done
    ├── StorageUnavailable           jobs, uploads or files cannot be read or written
    ├── Conflict                     the current state of the resource does not allow the request
    ├── NotReady                     the result is still being prepared
    ├── StillRunning                 the job did not end in time; its result can be fetched later
    ├── JobFailed                    the requested job failed; it has the error of a direct call
    ├── NotFound                     the resource does not exist, or not for this caller
    │   ├── UnknownModel
    │   └── UnknownUrl
    ├── MethodNotAllowed
    ├── ProviderError                the provider failed; the caller's fault only in ProviderRejected
    │   ├── ProviderRejected         it rejected the caller's input
    │   │   └── TextUnspeakable      the text crashes its engine
    │   ├── ProviderRateLimited      it returned 429
    │   ├── ProviderKeyRefused       it refused the operator's key
    │   ├── ProviderKeyUnreadable    the operator's key for it cannot be read, so it was not called
    │   ├── ProviderQuotaExhausted   the operator's account has no credit left
    │   ├── ProviderUnavailable      it returned a 5xx status or could not be reached
    │   ├── ProviderTimedOut         it did not respond before the deadline
    │   └── ProviderBadAnswer        it returned 200 without the requested content
    └── ConfigurationError           the operator's settings or catalogue are invalid
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GatewayError(Exception):
    """The base of all errors.

    `message` is for the caller and says what to do; `param` is the request field that caused the error;
    `code` is OpenAI's machine-readable code.
    """

    code: str | None = None

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code


class InvalidRequest(GatewayError):
    """A field is missing, malformed or out of range."""


class InvalidAudio(InvalidRequest):
    """The file is empty, not audio, too short, or cannot be decoded.

    `audio` raises it without `param`; the caller that read the file from a field of a request sets it.
    """


class AudioTooLong(InvalidAudio):
    """The audio is too long: measuring stopped at the limit, so the full length is unknown.

    `limit_ms` is that limit.
    """

    code = "audio_too_long"

    def __init__(self, message: str, *, limit_ms: int) -> None:
        super().__init__(message)
        self.limit_ms = limit_ms


class UnsupportedOption(InvalidRequest):
    """The model serves the endpoint but does not support what `param` asks for."""

    code = "unsupported_value"


class WorkTooLong(InvalidRequest):
    """The work would take longer than the platform allows.

    `amount` is the size of the input in characters or milliseconds; None if it cannot be determined in time.
    """

    code = "input_too_long"

    def __init__(self, message: str, *, param: str | None = None, amount: int | None = None) -> None:
        super().__init__(message, param=param)
        self.amount = amount


class RequestTooLarge(InvalidRequest):
    """The body, or the file in it, is larger than the platform or the model accepts."""


class FileUnavailable(InvalidRequest):
    """The upload or URL in the request yields no file: it is missing, expired or not accessible to the gateway."""

    code = "file_unavailable"


class FetchTimedOut(FileUnavailable):
    """The server of `file_url` did not send the whole file in time."""

    code = "file_url_timeout"


class UnsupportedContentType(InvalidRequest):
    """The endpoint does not accept the Content-Type of the request."""

    code = "unsupported_content_type"


class NotAuthenticated(GatewayError):
    """The request has no API key, or one that does not exist."""

    code = "invalid_api_key"


class PermissionDenied(GatewayError):
    """The key is valid, but it does not permit this request."""


class KeyNotUsable(PermissionDenied):
    """The key has expired or was disabled or deleted, or its project is archived."""

    code = "invalid_api_key"


class LimitReached(GatewayError):
    """The request exceeds a limit of the key.

    `limit` is the name of the limit, as in the key's `limits`. `windows` is what is left of the key's minute
    (`audio_gateway.metering.account.Window` by name), if that is known.
    """

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit
        self.windows: Mapping[str, Any] = {}


class RateLimitReached(LimitReached):
    """The key has reached its limit for this minute, or for requests at the same time.

    A retry may succeed after `retry_after_s` seconds (1 to 60).
    """

    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, limit: str, retry_after_s: int) -> None:
        super().__init__(message, limit=limit)
        self.retry_after_s = retry_after_s


class TooMuchAtOnce(LimitReached):
    """The request alone exceeds a limit per minute, or unused uploads leave no room for it.

    A retry does not help unless the caller changes the request or removes uploads.
    """

    code = "rate_limit_exceeded"


class BudgetReached(LimitReached):
    """The price exceeds the rest of the month's budget, or failures that are free to the key have cost as much."""

    code = "insufficient_quota"


class AlreadyRunning(GatewayError):
    """Another call is working on the same request, so this call did nothing.

    A retry may succeed after `retry_after_s` seconds (1 to 60).
    """

    code = "request_in_progress"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class IdempotencyKeyReused(GatewayError):
    """The Idempotency-Key was already used for a different request; a retry does not help."""

    code = "idempotency_key_reused"


class IdempotencyUnavailable(GatewayError):
    """The records of requests with an Idempotency-Key cannot be read or written at the moment."""

    code = "idempotency_unavailable"


class MeteringUnavailable(GatewayError):
    """Usage cannot be recorded at the moment, so no provider is called."""

    code = "metering_unavailable"


class StorageUnavailable(GatewayError):
    """Jobs, uploads or their files cannot be read or written at the moment; a retry may succeed."""

    code = "storage_unavailable"


class Conflict(GatewayError):
    """The current state of the resource does not allow the request; a retry does not help."""

    code = "conflict"


class StillRunning(GatewayError):
    """The job did not end while the call waited for it. The work continues and is charged once."""

    code = "still_running"


class JobFailed(GatewayError):
    """The job failed; the error is the one that a direct call would have returned.

    `status` and `kind` are its HTTP status and type.
    """

    def __init__(
        self, message: str, *, status: int, kind: str, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, param=param, code=code)
        self.status = status
        self.kind = kind


class NotReady(GatewayError):
    """The result is still being prepared. A retry may succeed after `retry_after_s` seconds."""

    code = "not_ready"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotFound(GatewayError):
    """The resource does not exist, or the key has no access to it."""


class UnknownModel(NotFound):
    """The model is not in the catalogue, or does not serve this endpoint."""

    code = "model_not_found"


class UnknownUrl(NotFound):
    """No resource has this path."""

    code = "unknown_url"


class MethodNotAllowed(GatewayError):
    """The resource does not support the method. `allowed` names those that it supports."""

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class ProviderError(GatewayError):
    """The provider did not return a result.

    `provider` is its id in the catalogue; `retry_after_s` is the delay that it asked for, or None. `worked` says
    that it received the request and did not refuse it, so it may have done the work and charged for it.
    """

    worked = False

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        param: str | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        worked: bool | None = None,
    ) -> None:
        super().__init__(message, param=param, code=code)
        self.provider = provider
        self.retry_after_s = retry_after_s
        if worked is not None:
            self.worked = worked


class ProviderRejected(ProviderError):
    """The provider rejected the input; its message, `param` and `code` are passed on.

    `upstream_status` is its HTTP status, one of 400, 413, 415 and 422.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        upstream_status: int,
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, provider=provider, param=param, code=code)
        self.upstream_status = upstream_status


class TextUnspeakable(ProviderRejected):
    """The text crashes the provider's engine; another model may be able to speak it."""

    code = "text_unspeakable"

    def __init__(self, message: str, *, provider: str) -> None:
        super().__init__(message, provider=provider, upstream_status=400, param="input")


class ProviderRateLimited(ProviderError):
    """The provider returned 429. A retry may succeed after `retry_after_s` seconds."""

    code = "rate_limit_exceeded"


class ProviderKeyRefused(ProviderError):
    """The provider refused the operator's key (401 or 403); a retry does not help."""

    code = "provider_key_refused"


class ProviderKeyUnreadable(ProviderError):
    """The operator's key for the provider cannot be read, so the provider was not called.

    `reason` is only for the operator: where the key should be, and what is wrong there.
    """

    code = "provider_key_unreadable"

    def __init__(self, message: str, *, provider: str, reason: str = "") -> None:
        super().__init__(message, provider=provider)
        self.reason = reason


class ProviderQuotaExhausted(ProviderError):
    """The operator's account with the provider has no credit left; a retry does not help."""

    code = "provider_quota_exhausted"


class ProviderUnavailable(ProviderError):
    """The provider returned a 5xx status, or refused or closed the connection."""

    code = "provider_unavailable"


class ProviderTimedOut(ProviderError):
    """The provider did not respond before the deadline."""

    code = "provider_timeout"
    worked = True


class ProviderBadAnswer(ProviderError):
    """The provider returned 200 without the requested content: HTML, JSON, nothing, or truncated audio."""

    code = "provider_bad_answer"
    worked = True


class ConfigurationError(GatewayError):
    """The operator's settings or catalogue are invalid. The message names file, entry and field.

    `problems` has the problems of a catalogue one by one, as in the message.
    """

    def __init__(self, message: str, *, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems
