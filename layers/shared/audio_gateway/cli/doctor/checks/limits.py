"""What bounds the gateway: the account's quota, the API's throttle, and what a deployed one must not have set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.catalogue import catalogue_of
from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.stack import Stack, absent
from audio_gateway.cli.doctor.visit import Visit

_FOR_CALLS: Final = 10
"""Environments for calls, those who wait for jobs, the authorizer and the schedules: what a small gateway needs."""

_ASK: Final = (
    "aws service-quotas request-service-quota-increase --service-code lambda "
    "--quota-code L-B99A9384 --desired-value 1000"
)
_ALLOW: Final = "AUDIO_GATEWAY_ALLOW_HOSTS"


def _concurrency(visit: Visit) -> str:
    stack = visit.stack
    counted_on = int(stack.parameters.get("LambdaConcurrency", 0))
    quota = int(stack.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])
    if quota < counted_on:
        message = f"the account lets {quota} functions run at once, and the stack was deployed for {counted_on}"
        raise Red(message, f"Deploy with LambdaConcurrency={quota}, or ask for more: {_ASK} --region {stack.region}")
    lanes = max((model.chunk_concurrency for model in catalogue_of(visit).models.values()), default=0)
    wanted = lanes + _webhooks_at_once(stack) + _FOR_CALLS
    if quota < wanted:
        message = (
            f"the account lets {quota} functions run at once; this stack wants {wanted}, {lanes} of them for a job"
        )
        do = f"Ask for more: {_ASK} --region {stack.region}. Until then LambdaConcurrency={quota} holds jobs back."
        raise Red(message, do)
    return f"{quota} functions may run at once, {wanted} are wanted"


def _webhooks_at_once(stack: Stack) -> int:
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    return sum(int(stack.value(written.get("ScalingConfig", {}).get("MaximumConcurrency", 0))) for written in mappings)


def _throttle(visit: Visit) -> str:
    stack = visit.stack
    api_id, _ = stack.only("AWS::ApiGateway::RestApi")
    stage_name, written = stack.only("AWS::ApiGateway::Stage")
    gone = Red(f"the API has no stage {stage_name}", "Deploy the stack again.")
    with absent("NotFoundException", then=gone):
        stage = stack.client("apigateway").get_stage(restApiId=api_id, stageName=stage_name)
    settings = stage.get("methodSettings", {})
    seen = []
    for wanted in written.get("MethodSettings", []):
        place = _place(wanted)
        found = settings.get(place, {})
        for name, key in (
            ("ThrottlingRateLimit", "throttlingRateLimit"),
            ("ThrottlingBurstLimit", "throttlingBurstLimit"),
        ):
            value = stack.value(wanted.get(name))
            if value is None:
                continue
            if found.get(key) is None or float(found[key]) != float(value):
                message = f"{place}: {name} is {found.get(key, 'not set')}, the template says {value}"
                raise Red(message, stack.deploy_again())
            seen.append(f"{place} {key.removeprefix('throttling')} {value}")
    if not seen:
        raise Skip("the template sets none")
    return f"{len(seen)} limits, such as {seen[0]}"


def _place(setting: Mapping[str, Any]) -> str:
    """How API Gateway names what a setting is for: `*/*`, `~1/GET` for the root, `~1audio~1speech/GET`."""
    path = str(setting.get("ResourcePath", "/*")).removeprefix("/") or "~1"
    return f"{path}/{setting.get('HttpMethod', '*')}"


def _hosts(visit: Visit) -> str:
    wrong = [
        name
        for name, found in visit.stack.functions.items()
        if found.get("Environment", {}).get("Variables", {}).get(_ALLOW)
    ]
    if wrong:
        do = "Take it out of the functions' environment; it is for tests on the local stack."
        raise Red(f"{', '.join(wrong)}: {_ALLOW} is set, and the function does not start", do)
    return f"{_ALLOW} is empty everywhere"


LIMITS: Final = Group(
    "Limits",
    (
        Check(
            "lambda-concurrency",
            "the account lets as many functions run at once as the stack wants",
            _concurrency,
            not_local="a local stack has no quota",
        ),
        Check(
            "api-throttle",
            "the API's limits of requests are those of the template",
            _throttle,
            not_local="the local API Gateway throttles nothing",
        ),
        Check(
            "allow-hosts",
            "no deployed function may reach private addresses",
            _hosts,
            not_local="it is for tests on a local stack",
        ),
    ),
)
