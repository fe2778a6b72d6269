"""EventBridge's schedules: the rules of the template that call a function again and again.

MiniStack has schedules of its own, but looks at them every ten seconds only, and tests cannot wait for minutes.
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
    """A rule, the physical name of the function that it calls, and how often."""

    rule_arn: str
    function: str
    seconds: float

    async def run(self, invoke: Invoke) -> None:
        """Call the function for ever, the first time after one turn, and never while the last call is running."""
        while True:
            await asyncio.sleep(self.seconds)
            await invoke(self.function, json.dumps(self.event(datetime.now(UTC))).encode(), "")

    def event(self, now: datetime) -> dict[str, Any]:
        """What EventBridge sends."""
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
    """The schedules of the template that are switched on.

    The operator's AUDIO_GATEWAY_SWEEP_SECONDS makes the clock go faster or slower for all functions that know of it:
    with 6 in place of 60 the roll-up comes ten times as often, just as the sweeper does.

    Raises:
        StackError: a rule is not a rate, or its target is no function of the template; a wrong number of seconds.
    """
    known = {function.deployed.arn: function for function in functions}
    found = []
    for name, properties in template.of_type(RULE).items():
        if properties.get("State", "ENABLED") != "ENABLED":
            continue
        rate = _RATE.fullmatch(properties.get("ScheduleExpression", ""))
        if rate is None:
            raise StackError(f"template.yaml: the local stack knows rules with a rate only, and {name} has none")
        seconds = int(rate[1]) * _SECONDS[rate[2]]
        for target in properties["Targets"]:
            function = known.get(resolver.resolve(target["Arn"]))
            if function is None:
                raise StackError(f"template.yaml: {name} calls something that is no function of the template")
            _, _, _, region, account_id, _ = function.deployed.arn.split(":", 5)
            arn = f"arn:aws:events:{region}:{account_id}:rule/{name}"
            found.append(Schedule(arn, function.name, seconds * _pace(function)))
    return found


def _pace(function: Function) -> float:
    """How much longer than on AWS a turn takes here."""
    declared, wanted = function.deployed.variables.get(_SWEEP), function.variables.get(_SWEEP)
    if declared is None or wanted is None:
        return 1
    if not (wanted.isascii() and wanted.isdigit() and int(wanted) > 0):
        raise StackError(f"{_SWEEP}={wanted} is not a whole number of seconds: correct it, or unset it")
    return int(wanted) / int(declared)
