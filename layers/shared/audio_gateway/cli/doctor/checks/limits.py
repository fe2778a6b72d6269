"""Limits: the account's quota, the API's throttling, and a setting that no deployed function may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.catalogue import catalogue_of
from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.stack import InspectedStack, on_missing

_FOR_CALLS: Final = 10
"""Environments that a small gateway needs for calls, waits for jobs, the authorizer and the schedules."""

_ASK: Final = (
    "aws service-quotas request-service-quota-increase --service-code lambda "
    "--quota-code L-B99A9384 --desired-value 1000"
)
_ALLOW: Final = "AUDIO_GATEWAY_ALLOW_HOSTS"


def _concurrency(context: CheckContext) -> str:
    stack = context.stack
    counted_on = int(stack.parameters.get("LambdaConcurrency", 0))
    quota = int(stack.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])
    if quota < counted_on:
        message = f"the account's quota is {quota} concurrent functions, and the stack was deployed for {counted_on}"
        raise CheckFailed(
            message, f"Deploy with LambdaConcurrency={quota}, or ask for more: {_ASK} --region {stack.region}"
        )
    lanes = max((model.chunk_concurrency for model in catalogue_of(context).models.values()), default=0)
    wanted = lanes + _webhooks_at_once(stack) + _FOR_CALLS
    if quota < wanted:
        message = (
            f"the account's quota is {quota} concurrent functions; this stack needs {wanted}, {lanes} of them for a job"
        )
        do = f"Ask for more: {_ASK} --region {stack.region}. Until then, LambdaConcurrency={quota} limits the jobs."
        raise CheckFailed(message, do)
    return f"the quota is {quota} concurrent functions, {wanted} are needed"


def _webhooks_at_once(stack: InspectedStack) -> int:
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    return sum(int(stack.value(written.get("ScalingConfig", {}).get("MaximumConcurrency", 0))) for written in mappings)


def _throttle(context: CheckContext) -> str:
    stack = context.stack
    api_id, _ = stack.only("AWS::ApiGateway::RestApi")
    stage_name, written = stack.only("AWS::ApiGateway::Stage")
    gone = CheckFailed(f"the API has no stage {stage_name}", "Deploy the stack again.")
    with on_missing("NotFoundException", then=gone):
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
                raise CheckFailed(message, stack.redeploy_advice())
            seen.append(f"{place} {key.removeprefix('throttling')} {value}")
    if not seen:
        raise CheckSkipped("the template sets no limits")
    return f"{len(seen)} limits, such as {seen[0]}"


def _place(setting: Mapping[str, Any]) -> str:
    """Return API Gateway's name for the target of a setting: `*/*`, `~1/GET` for the root, `~1audio~1speech/GET`."""
    path = str(setting.get("ResourcePath", "/*")).removeprefix("/") or "~1"
    return f"{path}/{setting.get('HttpMethod', '*')}"


def _hosts(context: CheckContext) -> str:
    wrong = [
        name
        for name, found in context.stack.functions.items()
        if found.get("Environment", {}).get("Variables", {}).get(_ALLOW)
    ]
    if wrong:
        do = "Remove it from the functions' environment. It is for tests on the local stack."
        raise CheckFailed(f"{', '.join(wrong)}: {_ALLOW} is set, so the function does not start", do)
    return f"{_ALLOW} is not set in any function"


LIMITS: Final = CheckGroup(
    "Limits",
    (
        Check(
            "lambda-concurrency",
            "the account's quota of concurrent functions is enough for the stack",
            _concurrency,
            not_local="a local stack has no quota",
        ),
        Check(
            "api-throttle",
            "the API's request limits match the template",
            _throttle,
            not_local="the local API Gateway has no throttling",
        ),
        Check(
            "allow-hosts",
            "no deployed function may reach private addresses",
            _hosts,
            not_local="a local stack may reach them for tests",
        ),
    ),
)
