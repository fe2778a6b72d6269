"""Requests that must be refused with OpenAI's error envelope, including those that API Gateway refuses itself."""

from __future__ import annotations

from typing import Final

from audio_gateway.cli.doctor.api import HttpResponse
from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup
from audio_gateway.cli.doctor.context import CheckContext

_TOO_LARGE_BYTES: Final = 7_000_000
_GATEWAY_RESPONSES: Final = "Check GatewayResponses in template.yaml, and deploy it."


def _unknown_url(context: CheckContext) -> str:
    return _refused(context.api.call("GET", "/nope", "x"), 404)


def _no_key(context: CheckContext) -> str:
    return _refused(context.api.call("GET", "/models"), 401)


def _wrong_key(context: CheckContext) -> str:
    return _refused(context.api.call("GET", "/models", "sk-unknown"), 401)


def _wrong_method(context: CheckContext) -> str:
    return _refused(context.api.call("DELETE", "/models", context.key.value), 405)


def _too_large(context: CheckContext) -> str:
    """A body that fits API Gateway's limit but not a function's event: either service may refuse it."""
    headers = {"Content-Type": "application/octet-stream"}
    answer = context.api.call(
        "POST", "/audio/transcriptions", context.key.value, content=bytes(_TOO_LARGE_BYTES), headers=headers
    )
    if answer.status not in {413, 502} or "upload" not in answer.error()["message"]:
        raise CheckFailed(
            f"{answer.summary()}; expected a 413 or 502 that names uploads as the remedy", _GATEWAY_RESPONSES
        )
    return f"{answer.status} that names uploads"


def _refused(answer: HttpResponse, status: int) -> str:
    error = answer.error()
    if answer.status != status:
        raise CheckFailed(f"{answer.summary()}; expected {status}", _GATEWAY_RESPONSES)
    return f"{status} {error['code'] or ''}".strip()


REFUSALS: Final = CheckGroup(
    "Refusals",
    (
        Check("unknown-url", "an unknown URL gets 404, with any key", _unknown_url),
        Check("no-key", "a missing key gets 401", _no_key),
        Check("wrong-key", "a wrong key gets 401", _wrong_key),
        Check("wrong-method", "a wrong method gets 405", _wrong_method),
        Check("too-large", "a body of 7 MB is refused with a hint to uploads", _too_large, seconds=60),
    ),
)
