"""The response to an event that is not a valid request, such as one with `Host: x:abc`."""

from __future__ import annotations

import time
from typing import Any

from audio_gateway.api.http.cors import Cors
from audio_gateway.api.http.errors import ErrorResponse, answer_for
from audio_gateway.api.http.request_scope import common_headers, request_id, route_of
from audio_gateway.errors import InvalidRequest
from audio_gateway.telemetry import RequestLog, log_unexpected, report

_MESSAGE = "The path, the query string or a header such as Host is malformed; correct the request and send it again."


def refusal_of(event: dict[str, Any], error: Exception, endpoint: str, cors: Cors) -> ErrorResponse:
    """The response to an event that cannot be read because of `error`; its log line is written.

    Without it, API Gateway would respond with its own text.
    """
    started = time.perf_counter()
    request_log = RequestLog(request_id(event), endpoint, str(event.get("httpMethod")), route_of(event))
    # A ValueError comes from a malformed request; any other error is our own.
    refusal: Exception = InvalidRequest(_MESSAGE) if isinstance(error, ValueError) else RuntimeError()
    request_log.error = type(refusal).__name__
    if not isinstance(error, ValueError):
        log_unexpected(error, request_log.request_id)
    answer = answer_for(refusal, request_log.request_id)
    elapsed_ms = (time.perf_counter() - started) * 1000
    headers = [*common_headers(request_log, elapsed_ms), *cors.of_answer(_origin(event))]
    report(request_log, status=answer.status, elapsed_ms=elapsed_ms)
    named = {name.decode(): value.decode() for name, value in headers}
    return ErrorResponse(answer.status, answer.body, {**answer.headers, **named})


def _origin(event: dict[str, Any]) -> str | None:
    headers = event.get("headers") or {}
    return next((value for name, value in headers.items() if name.lower() == "origin"), None)
