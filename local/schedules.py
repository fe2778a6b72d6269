"""EventBridge's schedules: the rules of the template that call a function at a fixed rate.

MiniStack has schedules, too, but checks them only every ten seconds, and tests cannot wait for minutes.
Format of the event: EventBridge user guide, "Tutorial: schedule Lambda functions".
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from local.functions import Function
from local.intrinsics import Resolver
from local.lambda_service import Invoke
from local.settings import StackError
from local.template import Template

RULE: Final = "AWS::Events::Rule"

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS: Final = {"minute": 60, "hour": 3_600, "day": 86_400}
_SWEEP: Final = "AUDIO_GATEWAY_SWEEP_SECONDS"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule, the physical name of its function, and the interval."""

    rule_arn: str
    function: str
    seconds: float

    async def run(self, invoke: Invoke) -> None:
        """Call the function at each interval, first after one interval. Calls never overlap."""
        while True:
            await asyncio.sleep(self.seconds)
            await invoke(self.function, json.dumps(self.event(datetime.now(UTC))).encode(), "")

    def event(self, now: datetime) -> dict[str, Any]:
        """Return the event that EventBridge sends."""
        _, _, _, region, account_id, _ = self.rule_arn.split(":", 5)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": account_id,
            "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "region": region,
            "resources": [self.rule_arn],
            "detail": {},
        }


def read(template: Template, functions: Iterable[Function], resolver: Resolver) -> list[Schedule]:
    """Read the enabled schedules of the template.

    The operator's AUDIO_GATEWAY_SWEEP_SECONDS scales the intervals of all functions that have this variable: with 6
    instead of 60, both the sweeper and the roll-up run ten times as often.

    Raises `StackError` if a rule has no rate, its target is not a function of the template, or the variable is invalid.
    """
    known = {function.deployed.arn: function for function in functions}
    found = []
    for name, properties in template.of_type(RULE).items():
        if properties.get("State", "ENABLED") != "ENABLED":
            continue
        rate = _RATE.fullmatch(properties.get("ScheduleExpression", ""))
        if rate is None:
            raise StackError(f"template.yaml: the local stack only supports rules with a rate, and {name} has none")
        seconds = int(rate[1]) * _SECONDS[rate[2]]
        for target in properties["Targets"]:
            function = known.get(resolver.resolve(target["Arn"]))
            if function is None:
                raise StackError(f"template.yaml: the target of {name} is not a function of the template")
            _, _, _, region, account_id, _ = function.deployed.arn.split(":", 5)
            arn = f"arn:aws:events:{region}:{account_id}:rule/{name}"
            found.append(Schedule(arn, function.name, seconds * _interval_factor(function)))
    return found


def _interval_factor(function: Function) -> float:
    """Return the interval here relative to that on AWS."""
    declared, wanted = function.deployed.variables.get(_SWEEP), function.variables.get(_SWEEP)
    if declared is None or wanted is None:
        return 1
    if not (wanted.isascii() and wanted.isdigit() and int(wanted) > 0):
        raise StackError(f"{_SWEEP}={wanted} is not a whole number of seconds: correct it, or unset it")
    return int(wanted) / int(declared)
