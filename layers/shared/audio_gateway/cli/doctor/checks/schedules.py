"""The scheduled functions: the sweeper and the roll-up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.metrics import WINDOW, total
from audio_gateway.cli.doctor.stack import on_missing
from audio_gateway.cli.output import duration_text
from audio_gateway.metering.account_item import account_key, holds_from
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.open_accounts import OpenAccounts
from audio_gateway.usage.watermark import Watermark

_RULE: Final = "AWS::Events::Rule"
_OURS: Final = "`make run` itself is the clock of a local stack"
_ROLLUP_LATE_S: Final = 900
"""Three runs."""

_SWEEP_LATE_S: Final = 180
"""Three runs of the sweeper."""


def _schedules(context: CheckContext) -> str:
    stack, seen = context.stack, []
    for logical_id, written in stack.of_type(_RULE).items():
        physical = stack.physical[logical_id]
        with on_missing(
            "ResourceNotFoundException", then=CheckFailed(f"{logical_id} does not exist", "Deploy the stack again.")
        ):
            found = stack.client("events").describe_rule(Name=physical)
        if found.get("State") != "ENABLED":
            do = f"aws events enable-rule --name {physical} --region {stack.region}"
            raise CheckFailed(f"{logical_id} is {found.get('State')}: nothing calls {_target(written)}", do)
        if found.get("ScheduleExpression") != written.get("ScheduleExpression"):
            message = f"{logical_id} is {found.get('ScheduleExpression')}, not {written.get('ScheduleExpression')}"
            raise CheckFailed(message, stack.redeploy_advice())
        seen.append(f"{_target(written)} {written.get('ScheduleExpression')}")
    return ", ".join(seen) or "the stack has no schedule"


def _runs(context: CheckContext) -> str:
    stack, seen = context.stack, []
    if _age_s(context) < WINDOW.total_seconds():
        raise CheckSkipped("the stack is too young to have metrics")
    for written in stack.of_type(_RULE).values():
        function = _target(written)
        dimensions = {"FunctionName": stack.physical[function]}
        calls = total(stack, "AWS/Lambda", "Invocations", dimensions) or 0
        errors = total(stack, "AWS/Lambda", "Errors", dimensions) or 0
        if not calls or errors:
            message = (
                f"{function} ran {calls:.0f} times in the last {WINDOW.seconds // 60} minutes, {errors:.0f} failed"
            )
            raise CheckFailed(message, stack.logs_of(function.removesuffix("Function").lower()))
        seen.append(f"{function} {calls:.0f} times")
    failures = total(stack, "AudioGateway", "SweepFailures", {"service": _service(context)}) or 0
    if failures:
        raise CheckFailed(f"the sweeper failed at {failures:.0f} accounts or jobs", stack.logs_of("sweeper"))
    return ", ".join(seen)


def _service(context: CheckContext) -> str:
    """Return the `service` dimension of the functions' metrics."""
    variables = context.stack.function("SweeperFunction").get("Environment", {}).get("Variables", {})
    return str(variables.get("POWERTOOLS_SERVICE_NAME", "audio-gateway"))


def _target(written: Mapping[str, Any]) -> str:
    """Return the logical id of the function that a rule calls."""
    arn = written["Targets"][0]["Arn"]
    return str(arn["Fn::GetAtt"][0] if isinstance(arn, Mapping) else arn)


def _watermark(context: CheckContext) -> str:
    variables = context.stack.function("RollupFunction").get("Environment", {}).get("Variables", {})
    lateness = AllowedLateness(
        int(variables["AUDIO_GATEWAY_HOLD_SECONDS"]), int(variables["AUDIO_GATEWAY_SWEEP_SECONDS"])
    )
    progress = Watermark(context.gateway.items).read()
    young = _age_s(context) < _ROLLUP_LATE_S
    if progress.run == 0 and young:
        raise CheckSkipped("the stack is new, and the roll-up, which runs every five minutes, has not run yet")
    now_ms = int(time.time() * 1000)
    behind_s = (lateness.closed_ms(now_ms) - (progress.watermark_ms or 0)) // 1000
    if progress.run == 0 or (behind_s > _ROLLUP_LATE_S and not young):
        message = f"the roll-up is {duration_text(behind_s)} behind: reports read the ledger and become slow"
        raise CheckFailed(message, context.stack.logs_of("rollup"))
    return f"counted up to {datetime.fromtimestamp((progress.watermark_ms or 0) / 1000, UTC):%H:%M} UTC"


def _holds(context: CheckContext) -> str:
    now_s = int(time.time())
    where = context.gateway.target
    listed = OpenAccounts(where.client, where.table).key_ids()
    accounts = context.gateway.items.get_each(map(account_key, listed), consistent=False)
    expired = [hold for account in accounts for hold in holds_from(account) if hold.expires_s + _SWEEP_LATE_S < now_s]
    if expired:
        oldest = min(expired, key=lambda hold: hold.expires_s)
        since = duration_text(now_s - oldest.expires_s)
        message = (
            f"{len(expired)} holds expired and are not settled, the oldest {since} ago ({oldest.work.request_id}): "
            "the sweeper does not work"
        )
        raise CheckFailed(message, context.stack.logs_of("sweeper"))
    return "no expired hold is unsettled"


def _age_s(context: CheckContext) -> float:
    """Return the seconds since the stack was created or last updated."""
    stack = context.stack.description
    changed: datetime = stack.get("LastUpdatedTime") or stack["CreationTime"]
    return (datetime.now(UTC) - changed).total_seconds()


SCHEDULES: Final = CheckGroup(
    "Schedules",
    (
        Check("schedules", "the schedules of the sweeper and the roll-up are enabled", _schedules, not_local=_OURS),
        Check("schedule-runs", "the sweeper and the roll-up ran lately without errors", _runs, not_local=_OURS),
        Check("rollup-frontier", "the roll-up is up to date", _watermark),
        Check("expired-holds", "the sweeper settles expired holds", _holds, seconds=40),
    ),
)
