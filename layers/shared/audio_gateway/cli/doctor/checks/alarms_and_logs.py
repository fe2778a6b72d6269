"""Alarms, their recipients, and logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext

_ALARM: Final = "AWS::CloudWatch::Alarm"
_GROUP: Final = "AWS::Logs::LogGroup"
_API: Final = "AWS::ApiGateway::RestApi"
_AT_ONCE: Final = 100  # limit of DescribeAlarms


def _alarms(context: CheckContext) -> str:
    missing = [name for name, found in _described(context).items() if found is None]
    if missing:
        raise CheckFailed(f"deleted: {', '.join(missing)}", context.stack.redeploy_advice())
    return f"{len(_described(context))} alarms"


def _actions(context: CheckContext) -> str:
    silent = [
        name
        for name, found in _described(context).items()
        if found is not None and not (found.get("ActionsEnabled") and found.get("AlarmActions"))
    ]
    if silent:
        do = "Deploy with AlarmTopicArn, an SNS topic with a subscriber: docs/deployment.md."
        raise CheckFailed(f"{len(silent)} alarms notify no one, such as {silent[0]}", do)
    return "each alarm notifies a topic"


def _in_alarm(context: CheckContext) -> str:
    ringing = {name: found for name, found in _described(context).items() if found and found["StateValue"] == "ALARM"}
    if ringing:
        reasons = "; ".join(f"{name}: {found.get('StateReason', '')}" for name, found in ringing.items())
        raise CheckFailed(f"in ALARM: {reasons}", "docs/operations.md says what each alarm means, and what to do.")
    return "no alarm is in ALARM"


def _described(context: CheckContext) -> dict[str, Mapping[str, Any] | None]:
    """Return each alarm of the stack as CloudWatch has it, by logical id. Raises `CheckSkipped` if there is none."""
    stack = context.stack
    names = {logical_id: stack.physical[logical_id] for logical_id in stack.of_type(_ALARM)}
    if not names:
        raise CheckSkipped("the stack was deployed without AlarmTopicArn, so it has no alarms")
    found: dict[str, Mapping[str, Any]] = {}
    wanted = list(names.values())
    for start in range(0, len(wanted), _AT_ONCE):
        answer = stack.client("cloudwatch").describe_alarms(AlarmNames=wanted[start : start + _AT_ONCE])
        found |= {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    return {logical_id: found.get(name) for logical_id, name in names.items()}


def _retention(context: CheckContext) -> str:
    stack = context.stack
    found: dict[str, int | None] = {}
    for prefix in (f"/aws/lambda/{stack.name}/", f"/aws/apigateway/{stack.name}"):
        pages = stack.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        found |= {group["logGroupName"]: group.get("retentionInDays") for page in pages for group in page["logGroups"]}
    names = [stack.physical[logical_id] for logical_id in stack.of_type(_GROUP)]
    gone = [name for name in names if name not in found]
    if gone:
        raise CheckFailed(f"missing: {', '.join(gone)}", "Deploy the stack again.")
    for name in names:
        if found[name] is None:
            do = f"aws logs put-retention-policy --log-group-name {name} --retention-in-days 30 --region {stack.region}"
            raise CheckFailed(f"{name} keeps its logs forever", stack.remedy(do))
    kept = sorted({str(found[name]) for name in names})
    return f"{len(names)} groups, kept for {' or '.join(kept)} days"


def _log_role(context: CheckContext) -> str:
    client = context.stack.client("apigateway")
    api_id, _ = context.stack.only(_API)
    stage_name, _ = context.stack.only("AWS::ApiGateway::Stage")
    if not client.get_stage(restApiId=api_id, stageName=stage_name).get("accessLogSettings"):
        raise CheckSkipped("the stack was deployed without an access log")
    role = client.get_account().get("cloudwatchRoleArn")
    if not role:
        do = "Deploy with ManageApiGatewayLogRole=true, or give the account a role: docs/deployment.md."
        raise CheckFailed("API Gateway has no role for writing access logs", do)
    return str(role).rpartition("/")[2]


def _available(context: CheckContext) -> str:
    """A new TLS policy takes about 15 minutes to apply everywhere."""
    stack = context.stack
    api_id, _ = stack.only(_API)
    status = stack.client("apigateway").get_rest_api(restApiId=api_id).get("apiStatus", "AVAILABLE")
    if status != "AVAILABLE":
        raise CheckFailed(f"the API is {status}", "UPDATING takes about 15 minutes. Run doctor again after that.")
    return "the API is available"


ALARMS_AND_LOGS: Final = CheckGroup(
    "Alarms and logs",
    (
        Check(
            "api-status", "the API's settings apply everywhere", _available, not_local="`make run` is the API Gateway"
        ),
        Check("alarms", "the stack's alarms exist", _alarms),
        Check(
            "alarm-actions", "each alarm notifies a topic", _actions, not_local="a local stack sends no notifications"
        ),
        Check("alarm-state", "no alarm is in ALARM", _in_alarm, not_local="the local functions send no metrics"),
        Check("log-retention", "each log group exists and expires its logs", _retention),
        Check(
            "api-log-role",
            "API Gateway may write its access log",
            _log_role,
            not_local="the local API Gateway writes no access log",
        ),
    ),
)
