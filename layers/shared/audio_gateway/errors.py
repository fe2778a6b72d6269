"""Every error that crosses a package border.

They carry data and no HTTP status: `audio_gateway.api.http.errors` is the one place that maps a class to a status
and to OpenAI's envelope.

    GatewayError
    ├── InvalidRequest               the caller's request is wrong
    │   ├── InvalidAudio             the file is not audio, or cannot be decoded
    │   │   └── AudioTooLong         it goes on past the limit that measuring was given
    │   ├── UnsupportedOption        the model cannot do what was asked; names the models that can
    │   ├── WorkTooLong              would not finish before the platform gives up
    │   ├── RequestTooLarge          more bytes than the platform or the model takes
    │   ├── FileUnavailable          what an upload's id or a URL names cannot be had
    │   │   └── FetchTimedOut        the URL's server is too slow
    │   └── UnsupportedContentType   the body is not of the type that the endpoint reads
    ├── NotAuthenticated             no key, or one that nobody knows
    ├── PermissionDenied             the key is known and may not do this
    │   └── KeyNotUsable             nor anything else: it expired, or was disabled or deleted
    ├── LimitReached                 one of the key's limits does not allow the request now
    │   ├── RateLimitReached         requests, characters or audio of this minute, or requests at once
    │   ├── TooMuchAtOnce            more than a whole minute of the key's allows, or than its uploads leave room for
    │   └── BudgetReached            the month's budget: asking again does not help
    ├── AlreadyRunning               the same request is being worked on: its answer comes from there
    ├── IdempotencyKeyReused         the Idempotency-Key stands for another request
    ├── IdempotencyUnavailable       earlier answers cannot be read now, so nothing is done
    ├── MeteringUnavailable          what the caller uses cannot be recorded now, so nothing is done
    ├── StorageUnavailable           what is kept for the caller cannot be read or written now
    ├── Conflict                     what the thing is at the moment does not allow it
    ├── NotReady                     what is asked for is being made, and will be there soon
    ├── StillRunning                 a job that was waited for goes on; its result can be fetched later
    ├── JobFailed                    the job whose result is asked for has none: it says what a call would have said
    ├── NotFound                     no such thing for this caller
    │   ├── UnknownModel
    │   └── UnknownUrl
    ├── MethodNotAllowed
    ├── ProviderError                the provider failed; never the caller's fault, except ProviderRejected
    │   ├── ProviderRejected         it refused the caller's input
    │   │   └── TextUnspeakable      its engine broke down over the text
    │   ├── ProviderRateLimited      it asks us to slow down
    │   ├── ProviderKeyRefused       it refused the operator's key
    │   ├── ProviderKeyUnreadable    the operator's key for it cannot be read, so that it was not asked
    │   ├── ProviderQuotaExhausted   the operator's account has no credit left
    │   ├── ProviderUnavailable      it answered 5xx or could not be reached
    │   ├── ProviderTimedOut         it did not answer before the deadline
    │   └── ProviderBadAnswer        it answered 200 with something that is not the answer
    └── ConfigurationError           the operator's settings or catalogue are wrong
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GatewayError(Exception):
    """Base of all.

    `message` is written for the caller and names the remedy; `param` is the request field at fault;
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
    """The file is empty, not audio, too short, or cannot be decoded; `param` is `file`."""


class AudioTooLong(InvalidAudio):
    """Measuring stopped because the audio goes on past `limit_ms`: its whole length is not known."""

    code = "audio_too_long"

    def __init__(self, message: str, *, limit_ms: int) -> None:
        super().__init__(message, param="file")
        self.limit_ms = limit_ms


class UnsupportedOption(InvalidRequest):
    """The model exists and serves the endpoint, but cannot do what `param` asks for."""

    code = "unsupported_value"


class WorkTooLong(InvalidRequest):
    """The measured input would not finish before the platform gives up on the answer.

    `amount` is how much it is, characters or milliseconds; None where not even that can be found out in time.
    """

    code = "input_too_long"

    def __init__(self, message: str, *, param: str | None = None, amount: int | None = None) -> None:
        super().__init__(message, param=param)
        self.amount = amount


class RequestTooLarge(InvalidRequest):
    """The body, or the file in it, has more bytes than the platform or the model takes."""


class FileUnavailable(InvalidRequest):
    """The upload or URL that the request names does not give a file: not there yet, not any more, or not for us."""

    code = "file_unavailable"


class FetchTimedOut(FileUnavailable):
    """The server of the caller's URL had not sent all of the file in the time that it was given."""

    code = "file_url_timeout"


class UnsupportedContentType(InvalidRequest):
    """The request's Content-Type is not the one that the endpoint reads."""

    code = "unsupported_content_type"


class NotAuthenticated(GatewayError):
    """No API key came with the request, or one that does not exist."""

    code = "invalid_api_key"


class PermissionDenied(GatewayError):
    """The key is known, but it is disabled, expired, or not for this call."""


class KeyNotUsable(PermissionDenied):
    """The key expired, was disabled or deleted, or its project is archived."""

    code = "invalid_api_key"


class LimitReached(GatewayError):
    """A limit of the key refuses the request; `limit` is its name, as in the key's `limits`.

    `windows` is what is left of the key's minute (`audio_gateway.metering.account.Window` by name), if that is known.
    """

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit
        self.windows: Mapping[str, Any] = {}


class RateLimitReached(LimitReached):
    """Too much in this minute, or at once. Worth another try after `retry_after_s` seconds (1 to 60)."""

    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, limit: str, retry_after_s: int) -> None:
        super().__init__(message, limit=limit)
        self.retry_after_s = retry_after_s


class TooMuchAtOnce(LimitReached):
    """The request alone is over a limit of the minute, or uploads that wait to be used leave no room for it.

    Asking again does not help, unless something is done about it.
    """

    code = "rate_limit_exceeded"


class BudgetReached(LimitReached):
    """The request's price does not fit into what is left of the month's budget, or free failures have cost as much."""

    code = "insufficient_quota"


class AlreadyRunning(GatewayError):
    """The same request is being worked on by another call, so that this one did nothing.

    Worth another try after `retry_after_s` seconds (1 to 60).
    """

    code = "request_in_progress"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class IdempotencyKeyReused(GatewayError):
    """A request came with the Idempotency-Key of another one: asking again does not help."""

    code = "idempotency_key_reused"


class IdempotencyUnavailable(GatewayError):
    """Whether a request with an Idempotency-Key was made before, or its answer, cannot be read or written now."""

    code = "idempotency_unavailable"


class MeteringUnavailable(GatewayError):
    """The account could not be written: whatever the reason, no provider may be asked without a hold."""

    code = "metering_unavailable"


class StorageUnavailable(GatewayError):
    """Jobs, uploads or their files cannot be read or written now; worth another try."""

    code = "storage_unavailable"


class Conflict(GatewayError):
    """The thing exists, and is not in a state that allows what was asked: asking again does not help."""

    code = "conflict"


class StillRunning(GatewayError):
    """A job's result was waited for in vain. The work goes on and is not paid twice."""

    code = "still_running"


class JobFailed(GatewayError):
    """A job failed. `status` and `kind` are the HTTP status and the type that a call would have failed with."""

    def __init__(
        self, message: str, *, status: int, kind: str, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, param=param, code=code)
        self.status = status
        self.kind = kind


class NotReady(GatewayError):
    """What is asked for is being made. Worth another try after `retry_after_s` seconds."""

    code = "not_ready"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotFound(GatewayError):
    """The thing does not exist, or not for this caller."""


class UnknownModel(NotFound):
    """The model is not in the catalogue, or not for the endpoint that was called."""

    code = "model_not_found"


class UnknownUrl(NotFound):
    """No resource has this path."""

    code = "unknown_url"


class MethodNotAllowed(GatewayError):
    """The resource exists and does not know the method. `allowed` are those that it knows."""

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class ProviderError(GatewayError):
    """The provider did not give an answer.

    `provider` is its id in the catalogue; `retry_after_s` is what it asked for in seconds, None when it said nothing.
    `worked` says that it may have done the work, and take money for it: it had the request, and did not refuse it.
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
    """The provider refused the caller's input; its own message, param and code are passed on.

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
    """The text made the provider's engine break down, and would again. Another model may speak it."""

    code = "text_unspeakable"

    def __init__(self, message: str, *, provider: str) -> None:
        super().__init__(message, provider=provider, upstream_status=400, param="input")


class ProviderRateLimited(ProviderError):
    """The provider answered 429 and can be asked again after `retry_after_s`."""

    code = "rate_limit_exceeded"


class ProviderKeyRefused(ProviderError):
    """The provider answered 401 or 403 to the operator's key: asking again does not help."""

    code = "provider_key_refused"


class ProviderKeyUnreadable(ProviderError):
    """The operator's key for the provider cannot be read, so that it was not asked.

    `reason` is for the operator alone: where the key should be, and what is wrong there.
    """

    code = "provider_key_unreadable"

    def __init__(self, message: str, *, provider: str, reason: str = "") -> None:
        super().__init__(message, provider=provider)
        self.reason = reason


class ProviderQuotaExhausted(ProviderError):
    """The operator's account at the provider is used up: asking again does not help."""

    code = "provider_quota_exhausted"


class ProviderUnavailable(ProviderError):
    """The provider answered 5xx, refused the connection, or broke it off."""

    code = "provider_unavailable"


class ProviderTimedOut(ProviderError):
    """The provider had not answered when the deadline came."""

    code = "provider_timeout"
    worked = True


class ProviderBadAnswer(ProviderError):
    """The provider answered 200 with something else than it was asked for: HTML, JSON, nothing, cut audio."""

    code = "provider_bad_answer"
    worked = True


class ConfigurationError(GatewayError):
    """The operator's settings or the catalogue are wrong. The message names file, entry and field.

    `problems` are those of a catalogue one by one, as in the message.
    """

    def __init__(self, message: str, *, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems
