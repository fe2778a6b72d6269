"""What the clock calls: the sweeper, which settles what nobody else will, and the roll-up of the reports."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.metrics import LOOKED_AT, total
from audio_gateway.cli.doctor.stack import absent
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.cli.output import span_text
from audio_gateway.metering.account_item import account_key, holds_from
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.open_accounts import OpenAccounts
from audio_gateway.usage.watermark import Watermark

_RULE: Final = "AWS::Events::Rule"
_OURS: Final = "the clock of a local stack is in `make run` itself"
_ROLLUP_LATE_S: Final = 900
"""Three of its runs."""

_SWEEP_LATE_S: Final = 180
"""Three of the sweeper's minutes."""


def _schedules(visit: Visit) -> str:
    stack, seen = visit.stack, []
    for logical_id, written in stack.of_type(_RULE).items():
        physical = stack.physical[logical_id]
        with absent("ResourceNotFoundException", then=Red(f"{logical_id} is gone", "Deploy the stack again.")):
            found = stack.client("events").describe_rule(Name=physical)
        if found.get("State") != "ENABLED":
            do = f"aws events enable-rule --name {physical} --region {stack.region}"
            raise Red(f"{logical_id} is {found.get('State')}: nothing calls {_target(written)}", do)
        if found.get("ScheduleExpression") != written.get("ScheduleExpression"):
            message = f"{logical_id} is {found.get('ScheduleExpression')}, not {written.get('ScheduleExpression')}"
            raise Red(message, stack.deploy_again())
        seen.append(f"{_target(written)} {written.get('ScheduleExpression')}")
    return ", ".join(seen) or "the stack has no schedule"


def _runs(visit: Visit) -> str:
    stack, seen = visit.stack, []
    if _age_s(visit) < LOOKED_AT.total_seconds():
        raise Skip("the stack is younger than its metrics")
    for written in stack.of_type(_RULE).values():
        function = _target(written)
        dimensions = {"FunctionName": stack.physical[function]}
        calls = total(stack, "AWS/Lambda", "Invocations", dimensions) or 0
        errors = total(stack, "AWS/Lambda", "Errors", dimensions) or 0
        if not calls or errors:
            message = (
                f"{function} ran {calls:.0f} times in the last {LOOKED_AT.seconds // 60} minutes, {errors:.0f} failed"
            )
            raise Red(message, stack.logs_of(function.removesuffix("Function").lower()))
        seen.append(f"{function} {calls:.0f} times")
    failures = total(stack, "AudioGateway", "SweepFailures", {"service": _service(visit)}) or 0
    if failures:
        raise Red(f"the sweeper failed at {failures:.0f} accounts or jobs", stack.logs_of("sweeper"))
    return ", ".join(seen)


def _service(visit: Visit) -> str:
    """What the metrics of the functions are told apart by."""
    variables = visit.stack.function("SweeperFunction").get("Environment", {}).get("Variables", {})
    return str(variables.get("POWERTOOLS_SERVICE_NAME", "audio-gateway"))


def _target(written: Mapping[str, Any]) -> str:
    """The logical id of the function that a rule calls."""
    arn = written["Targets"][0]["Arn"]
    return str(arn["Fn::GetAtt"][0] if isinstance(arn, Mapping) else arn)


def _watermark(visit: Visit) -> str:
    variables = visit.stack.function("RollupFunction").get("Environment", {}).get("Variables", {})
    lateness = AllowedLateness(
        int(variables["AUDIO_GATEWAY_HOLD_SECONDS"]), int(variables["AUDIO_GATEWAY_SWEEP_SECONDS"])
    )
    progress = Watermark(visit.gateway.items).read()
    young = _age_s(visit) < _ROLLUP_LATE_S
    if progress.run == 0 and young:
        raise Skip("the stack is young, and the roll-up has not run yet: it comes every five minutes")
    now_ms = int(time.time() * 1000)
    behind_s = (lateness.closed_ms(now_ms) - (progress.watermark_ms or 0)) // 1000
    if progress.run == 0 or (behind_s > _ROLLUP_LATE_S and not young):
        message = f"the roll-up is {span_text(behind_s)} behind: reports read the ledger, and grow slow"
        raise Red(message, visit.stack.logs_of("rollup"))
    return f"counted up to {datetime.fromtimestamp((progress.watermark_ms or 0) / 1000, UTC):%H:%M} UTC"


def _holds(visit: Visit) -> str:
    now_s = int(time.time())
    where = visit.gateway.deployment
    listed = OpenAccounts(where.client, where.table).key_ids()
    accounts = visit.gateway.items.get_many(map(account_key, listed), consistent=False)
    expired = [hold for account in accounts for hold in holds_from(account) if hold.expires_s + _SWEEP_LATE_S < now_s]
    if expired:
        oldest = min(expired, key=lambda hold: hold.expires_s)
        since = span_text(now_s - oldest.expires_s)
        message = (
            f"{len(expired)} holds have expired and are not settled, one since {since} ({oldest.work.request_id}): "
            "the sweeper does not work"
        )
        raise Red(message, visit.stack.logs_of("sweeper"))
    return "no hold has expired unseen"


def _age_s(visit: Visit) -> float:
    """For how long the stack is as it is now."""
    stack = visit.stack.description
    changed: datetime = stack.get("LastUpdatedTime") or stack["CreationTime"]
    return (datetime.now(UTC) - changed).total_seconds()


CLOCK: Final = Group(
    "Schedules",
    (
        Check("schedules", "the sweeper and the roll-up are called", _schedules, not_local=_OURS),
        Check("schedule-runs", "they have run lately, and came through", _runs, not_local=_OURS),
        Check("rollup-frontier", "the roll-up has counted what it could", _watermark),
        Check("expired-holds", "the sweeper settles what has expired", _holds, seconds=40),
    ),
)
