"""Whether responses are streamed, as the stack is configured, and whether a large one arrives whole."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.stack import InspectedStack

_PATH: Final = "/audio/speech"
_SENTENCE: Final = "The quick brown fox jumps over the lazy dog. "
_FUNCTION: Final = "SpeechFunction"
_WRAPPER: Final = "AWS_LAMBDA_EXEC_WRAPPER"
_PARAMETER: Final = "ResponseStreaming"
_OK: Final = 200
_SEE_OTHER: Final = 303
_MOST_BUFFERED_BYTES: Final = 4_500_000
"""A larger body fits into no response that is sent in one piece: Lambda's limit is 6 MB, in Base64."""


def _streamed(context: CheckContext) -> str:
    """A response whose length is announced was complete before its first byte was sent."""
    should_stream = _should_stream(context)
    answer = context.record_charge(context.call("POST", _PATH, "speech", json=_request(context, _SENTENCE * 3)))
    length = answer.headers.get("content-length")
    if not should_stream:
        return f"in one piece, as {_PARAMETER} is false"
    if length is not None:
        message = f"{answer.call} answered in one piece of {length} bytes, although {_PARAMETER} is true"
        raise CheckFailed(message, _advice(context.stack))
    return "sent while it is made, without a Content-Length"


def _advice(stack: InspectedStack) -> str:
    if stack.local:
        return stack.redeploy_advice()
    api_id, _ = stack.only("AWS::ApiGateway::RestApi")
    stage_name, _ = stack.only("AWS::ApiGateway::Stage")
    return (
        "Switch buffering off in every proxy in front of the API: docs/streaming.md. If there is none, the API's stage "
        f"is older than the stack: aws apigateway create-deployment --rest-api-id {api_id} --stage-name {stage_name} "
        f"--region {stack.region}"
    )


def _should_stream(context: CheckContext) -> bool:
    """What the parameter says. Raises `CheckFailed` if the function does something else."""
    stack = context.stack
    should = stack.parameters.get(_PARAMETER) == "true"
    variables = stack.function(_FUNCTION).get("Environment", {}).get("Variables", {})
    if bool(variables.get(_WRAPPER)) != should:
        found = variables.get(_WRAPPER) or "nothing"
        message = f"{_PARAMETER} is {str(should).lower()}, but {_FUNCTION} has {found} as {_WRAPPER}"
        raise CheckFailed(message, stack.redeploy_advice())
    return should


def _large_answer(context: CheckContext) -> str:
    """Streamed, it is the response itself; in one piece, it is a redirect to the bucket."""
    answer = context.api.call("POST", _PATH, context.key.value, json=_request(context, _SENTENCE * 45))
    answer = context.follow_redirects(answer)
    if answer.status not in {_OK, _SEE_OTHER}:
        raise CheckFailed(answer.summary(), context.stack.logs_of("speech"))
    context.record_charge(answer)
    if answer.status == _SEE_OTHER:
        answer, way = context.api.call("GET", context.api.next_url(answer) or ""), "through the bucket"
        if answer.status != _OK:
            do = "Check that the role of speech allows s3:GetObject."
            raise CheckFailed(f"the link into the bucket answered {answer.status}", do)
    else:
        way = "in the response"
    if not answer.body.startswith(b"RIFF"):
        raise CheckFailed(f"{answer.call} answered with a body that is not wav", context.stack.logs_of("speech"))
    if way == "in the response" and len(answer.body) <= _MOST_BUFFERED_BYTES:
        raise CheckSkipped(f"the model made only {len(answer.body)} bytes, which fit into any response")
    return f"{len(answer.body)} bytes {way}"


def _request(context: CheckContext, text: str) -> dict[str, Any]:
    model = context.model("speech")
    return {"model": model["id"], "voice": voice_of(model), "input": text.strip(), "response_format": "wav"}


def voice_of(model: dict[str, Any]) -> str:
    """Return a voice of a speech model."""
    return str((model["voices"] or ["alloy"])[0])


STREAMED: Final = Check("streamed", "responses are streamed if the stack is configured to", _streamed, seconds=60)
LARGE_ANSWER: Final = Check("large-answer", "a response above 4.5 MB arrives whole", _large_answer, seconds=120)
