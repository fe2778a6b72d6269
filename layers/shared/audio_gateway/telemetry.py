"""One log line and one set of metrics per request. Never text, transcripts, audio or keys: only the fields below.

CloudWatch charges each month for each combination of a metric's name and its dimensions, so there are few dimensions
and each has few values. Fields with many values, above all the model, are properties of the log event: they are free,
and Logs Insights can group by them.
"""

from __future__ import annotations

import re
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from audio_gateway.errors import ConfigurationError, ProviderError, ProviderRejected
from audio_gateway.loggable_names import is_known
from audio_gateway.metering.account import MeteredRequest, Window

if TYPE_CHECKING:
    from audio_gateway.catalog.models import MissingModel
    from audio_gateway.use_cases.fallback import FailedAttempt

_NAMESPACE: Final = "AudioGateway"
_PROVIDER_ERRORS: Final[tuple[type[ProviderError], ...]] = (ProviderError, *ProviderError.__subclasses__())
_PROVIDER_FAILURES: Final = frozenset(kind.__name__ for kind in _PROVIDER_ERRORS if kind is not ProviderRejected)

_CODE: Final = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)  # our own, or a provider's


@dataclass(slots=True)
class RequestLog:
    """The log record of one request; fields that do not apply are None.

    `provider_ms` is the time from calling the provider to its complete response; `price_microusd` is the price for the
    caller; `windows` is what remains of the key's limits in this minute. `cached` marks speech from the cache,
    `replayed` the stored response to a repeated request. `route` is the API's route, not the caller's path;
    `unknown_fields` counts unknown form fields; `reason` is for the operator. `requested_model` is the model that the
    caller named, `model` the one that served the request, and `failed` are the failed attempts before it.
    `disconnected` says that the caller did not wait for the end of the response.
    """

    request_id: str
    endpoint: str
    method: str
    route: str | None = None
    key_id: str | None = None
    project_id: str | None = None
    model: str | None = None
    characters: int | None = None
    audio_ms: int | None = None
    provider_ms: float | None = None
    error: str | None = None
    code: str | None = None
    param: str | None = None
    reason: str | None = None
    ignored: tuple[str, ...] = ()
    unknown_fields: int = 0
    price_microusd: int | None = None
    windows: Mapping[str, Window] = field(default_factory=dict)
    cached: bool = False
    replayed: bool = False
    disconnected: bool = False
    requested_model: str | None = None
    failed: list[FailedAttempt] = field(default_factory=list)


@lru_cache(maxsize=1)
def logger() -> Logger:
    """The only logger of the process; its level and service come from Powertools' variables in template.yaml."""
    return Logger()


@lru_cache(maxsize=1)
def _metrics() -> Metrics:
    return Metrics(namespace=_NAMESPACE)


def log_unexpected(error: Exception, request_id: str) -> None:
    """Log where an error came from. The message of an unknown exception may quote the caller's text: it is left out.

    An error in the configuration is logged with its reason and without a stack.
    """
    fields = {"request_id": request_id, "error": type(error).__qualname__}
    if isinstance(error, ConfigurationError):
        fields["reason"] = error.message
    else:
        fields["stack"] = "".join(traceback.format_tb(error.__traceback__))
    logger().error("unexpected error", extra=fields)


def log_missing_model(missing: MissingModel) -> None:
    """Log that a model of the catalogue cannot be served by this stack."""
    logger().warning("model left out", extra={"model": missing.id, "reason": missing.reason})


def log_unsettled(request_log: RequestLog, work: MeteredRequest, state: str) -> None:
    """Log a response that was sent and could not be written to the ledger.

    `kept`: the sweeper will charge it. `lost`: it will not be charged, and this line is the only record of it.
    """
    fields = {
        "request_id": request_log.request_id,
        "key_id": request_log.key_id,
        "state": state,
        "model": work.model,
        "unit": work.unit,
        "amount": work.amount,
        "price_microusd": work.price_microusd,
        "cost_microusd": work.cost_microusd,
    }
    logger().error("answer not settled", extra=fields)
    metrics = _metrics()
    metrics.add_dimension("state", state)
    metrics.add_metric("UnsettledAnswers", MetricUnit.Count, 1)
    metrics.flush_metrics()


def report(request_log: RequestLog, *, status: int, elapsed_ms: float) -> None:
    """Write the log line and the metrics (EMF on standard output: no network call) of a finished request."""
    fields = {
        "request_id": request_log.request_id,
        "endpoint": request_log.endpoint,
        "method": request_log.method,
        "route": request_log.route,
        "status": status,
        "elapsed_ms": round(elapsed_ms, 2),
        "key_id": request_log.key_id,
        "project_id": request_log.project_id,
        "model": request_log.model,
        "requested_model": request_log.requested_model if request_log.requested_model != request_log.model else None,
        "failed": failed_json(request_log.failed) or None,
        "characters": request_log.characters,
        "audio_ms": request_log.audio_ms,
        "provider_ms": None if request_log.provider_ms is None else round(request_log.provider_ms, 2),
        "price_microusd": request_log.price_microusd,
        "error": request_log.error,
        "code": request_log.code if request_log.code and _CODE.fullmatch(request_log.code) else None,
        "param": request_log.param if request_log.param and is_known(request_log.param) else None,
        "reason": request_log.reason,
        "ignored": tuple(filter(is_known, request_log.ignored)) or None,
        "unknown_fields": request_log.unknown_fields or None,
        "cached": request_log.cached or None,
        "replayed": request_log.replayed or None,
        "disconnected": request_log.disconnected or None,
    }
    logger().info("request", extra={name: value for name, value in fields.items() if value is not None})
    if request_log.method == "OPTIONS":  # preflights are no requests of callers
        return
    _count(request_log, status, elapsed_ms)
    if request_log.provider_ms is not None or request_log.failed or request_log.error in _PROVIDER_FAILURES:
        count_provider_call(request_log.error, request_log.failed)


def _count(request_log: RequestLog, status: int, elapsed_ms: float) -> None:
    metrics = _metrics()
    metrics.add_dimension("endpoint", request_log.endpoint)
    metrics.add_dimension("status", f"{status // 100}xx")
    if request_log.model is not None:
        metrics.add_metadata("model", request_log.model)
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    metrics.add_metric("Latency", MetricUnit.Milliseconds, elapsed_ms)
    if request_log.characters is not None:
        metrics.add_metric("Characters", MetricUnit.Count, request_log.characters)
    if request_log.audio_ms is not None:
        metrics.add_metric("AudioMilliseconds", MetricUnit.Milliseconds, request_log.audio_ms)
    if request_log.provider_ms is not None:
        metrics.add_metric("ProviderLatency", MetricUnit.Milliseconds, request_log.provider_ms)
    metrics.flush_metrics()


def failed_json(failed: Sequence[FailedAttempt]) -> list[dict[str, Any]]:
    """Failed attempts for a log line: each once, with `times` if it failed more than once."""
    return [
        {name: value for name, value in asdict(failure).items() if value is not None}
        | ({"times": times} if times > 1 else {})
        for failure, times in Counter(failed).items()
    ]


def count_provider_call(error: str | None, failed: Sequence[FailedAttempt]) -> None:
    """Count a call that needed a provider: whether it failed, and whether a fallback saved it.

    Each is 1 or 0, so the average is the share. `error` is the class of the error that the call ended with; input that
    a provider rejects is not a failure. Failed attempts are also counted by provider.
    """
    is_failure = error in _PROVIDER_FAILURES
    count(ProviderFailures=int(is_failure), Fallbacks=int(bool(failed) and error is None))
    for provider, times in Counter(failure.provider for failure in failed).items():
        metrics = _metrics()
        metrics.add_dimension("provider", provider)
        metrics.add_metric("ProviderErrors", MetricUnit.Count, times)
        metrics.flush_metrics()


def count(**counts: int) -> None:
    """Write counts by name, without a dimension."""
    metrics = _metrics()
    for name, value in counts.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    metrics.flush_metrics()
