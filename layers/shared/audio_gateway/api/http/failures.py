"""An error as a response, noted in the request's log record."""

from __future__ import annotations

from http import HTTPStatus

from audio_gateway.api.http.errors import ErrorResponse, answer_for
from audio_gateway.errors import ConfigurationError, GatewayError, LimitReached
from audio_gateway.telemetry import RequestLog, log_unexpected


def error_response(error: Exception, request_log: RequestLog) -> ErrorResponse:
    """The response to any exception, whose class, code and field are added to the log record."""
    request_log.error = type(error).__name__
    if isinstance(error, GatewayError):
        request_log.code, request_log.param = error.code, error.param
    if isinstance(error, ConfigurationError):
        request_log.reason = error.message
    if isinstance(error, LimitReached):
        request_log.windows = error.windows
    answer = answer_for(error, request_log.request_id)
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log_unexpected(error, request_log.request_id)
    return answer
