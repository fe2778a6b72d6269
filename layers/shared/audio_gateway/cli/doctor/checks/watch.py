"""Who is told when something goes wrong, and what can be read then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.visit import Visit

_ALARM: Final = "AWS::CloudWatch::Alarm"
_GROUP: Final = "AWS::Logs::LogGroup"
_API: Final = "AWS::ApiGateway::RestApi"
_AT_ONCE: Final = 100  # names that DescribeAlarms takes


def _alarms(visit: Visit) -> str:
    missing = [name for name, found in _described(visit).items() if found is None]
    if missing:
        raise Red(f"deleted: {', '.join(missing)}", visit.stack.deploy_again())
    return f"{len(_described(visit))} alarms"


def _actions(visit: Visit) -> str:
    silent = [
        name
        for name, found in _described(visit).items()
        if found is not None and not (found.get("ActionsEnabled") and found.get("AlarmActions"))
    ]
    if silent:
        do = "Deploy with AlarmTopicArn, an SNS topic that somebody reads: docs/deployment.md."
        raise Red(f"{len(silent)} alarms tell nobody, such as {silent[0]}", do)
    return "each one tells somebody"


def _ringing(visit: Visit) -> str:
    ringing = {name: found for name, found in _described(visit).items() if found and found["StateValue"] == "ALARM"}
    if ringing:
        reasons = "; ".join(f"{name}: {found.get('StateReason', '')}" for name, found in ringing.items())
        raise Red(f"in ALARM: {reasons}", "docs/operations.md says what each one means, and what to do.")
    return "none rings"


def _described(visit: Visit) -> dict[str, Mapping[str, Any] | None]:
    """Each alarm of the stack as CloudWatch has it, by logical id; raises `Skip` if the stack has none."""
    stack = visit.stack
    names = {logical_id: stack.physical[logical_id] for logical_id in stack.of_type(_ALARM)}
    if not names:
        raise Skip("the stack was deployed without AlarmTopicArn: it has no alarms, and tells nobody")
    found: dict[str, Mapping[str, Any]] = {}
    wanted = list(names.values())
    for start in range(0, len(wanted), _AT_ONCE):
        answer = stack.client("cloudwatch").describe_alarms(AlarmNames=wanted[start : start + _AT_ONCE])
        found |= {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    return {logical_id: found.get(name) for logical_id, name in names.items()}


def _retention(visit: Visit) -> str:
    stack = visit.stack
    found: dict[str, int | None] = {}
    for prefix in (f"/aws/lambda/{stack.name}/", f"/aws/apigateway/{stack.name}"):
        pages = stack.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        found |= {group["logGroupName"]: group.get("retentionInDays") for page in pages for group in page["logGroups"]}
    names = [stack.physical[logical_id] for logical_id in stack.of_type(_GROUP)]
    gone = [name for name in names if name not in found]
    if gone:
        raise Red(f"gone: {', '.join(gone)}", "Deploy the stack again.")
    for name in names:
        if found[name] is None:
            do = f"aws logs put-retention-policy --log-group-name {name} --retention-in-days 30 --region {stack.region}"
            raise Red(f"{name} keeps its logs for ever", stack.mended_by(do))
    kept = sorted({str(found[name]) for name in names})
    return f"{len(names)} groups, kept for {' or '.join(kept)} days"


def _log_role(visit: Visit) -> str:
    client = visit.stack.client("apigateway")
    api_id, _ = visit.stack.only(_API)
    stage_name, _ = visit.stack.only("AWS::ApiGateway::Stage")
    if not client.get_stage(restApiId=api_id, stageName=stage_name).get("accessLogSettings"):
        raise Skip("the stack was deployed without an access log")
    role = client.get_account().get("cloudwatchRoleArn")
    if not role:
        do = "Deploy with ManageApiGatewayLogRole=true, or give the account a role: docs/deployment.md."
        raise Red("API Gateway has no role to write access logs with", do)
    return str(role).rpartition("/")[2]


def _available(visit: Visit) -> str:
    """A new policy of TLS takes a quarter of an hour to be everywhere."""
    stack = visit.stack
    api_id, _ = stack.only(_API)
    status = stack.client("apigateway").get_rest_api(restApiId=api_id).get("apiStatus", "AVAILABLE")
    if status != "AVAILABLE":
        raise Red(f"the API is {status}", "UPDATING ends after some 15 minutes; then run doctor again.")
    return "the API is available"


WATCH: Final = Group(
    "Alarms and logs",
    (
        Check("api-status", "the API's settings are everywhere", _available, not_local="`make run` is the API Gateway"),
        Check("alarms", "the stack's alarms are there", _alarms),
        Check(
            "alarm-actions", "each alarm tells somebody", _actions, not_local="nobody is to be woken by a local stack"
        ),
        Check("alarm-state", "no alarm rings", _ringing, not_local="the local functions send no metrics"),
        Check("log-retention", "each log is kept, and not for ever", _retention),
        Check("api-log-role", "API Gateway may write its access log", _log_role, not_local="it writes none locally"),
    ),
)
