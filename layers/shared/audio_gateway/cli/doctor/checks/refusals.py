"""What must be refused, and how: OpenAI's envelope, also where API Gateway answers by itself."""

from __future__ import annotations

from typing import Final

from audio_gateway.cli.doctor.api import Answer
from audio_gateway.cli.doctor.check import Check, Group, Red
from audio_gateway.cli.doctor.visit import Visit

_TOO_LARGE_BYTES: Final = 7_000_000
_GATEWAY_RESPONSES: Final = "Compare GatewayResponses in template.yaml, and deploy it."


def _unknown_url(visit: Visit) -> str:
    return _refused(visit.api.call("GET", "/nope", "x"), 404)


def _no_key(visit: Visit) -> str:
    return _refused(visit.api.call("GET", "/models"), 401)


def _wrong_key(visit: Visit) -> str:
    return _refused(visit.api.call("GET", "/models", "sk-nobody"), 401)


def _wrong_method(visit: Visit) -> str:
    return _refused(visit.api.call("DELETE", "/models", visit.key.value), 405)


def _too_large(visit: Visit) -> str:
    """What fits through API Gateway and not into a function's event: which of the two says so is AWS's affair."""
    headers = {"Content-Type": "application/octet-stream"}
    answer = visit.api.call(
        "POST", "/audio/transcriptions", visit.key.value, content=bytes(_TOO_LARGE_BYTES), headers=headers
    )
    if answer.status not in {413, 502} or "upload" not in answer.error()["message"]:
        raise Red(f"{answer.says()}; a 413 or 502 that names uploads as the remedy is right", _GATEWAY_RESPONSES)
    return f"{answer.status} that names uploads"


def _refused(answer: Answer, status: int) -> str:
    error = answer.error()
    if answer.status != status:
        raise Red(f"{answer.says()}; {status} is right", _GATEWAY_RESPONSES)
    return f"{status} {error['code'] or ''}".strip()


REFUSALS: Final = Group(
    "Refusals",
    (
        Check("unknown-url", "an unknown URL is a 404, whatever key comes with it", _unknown_url),
        Check("no-key", "no key is a 401", _no_key),
        Check("wrong-key", "a wrong key is a 401", _wrong_key),
        Check("wrong-method", "a wrong method is a 405", _wrong_method),
        Check("too-large", "a body of 7 MB is refused, and uploads are named", _too_large, seconds=60),
    ),
)
