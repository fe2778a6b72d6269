from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local import schedules
from local.environments import InvocationResult
from local.functions import DeployedFunction, Function
from local.intrinsics import Resolver
from local.schedules import Schedule
from local.settings import StackError
from local.template import Template

ARN = "arn:aws:lambda:us-east-1:000000000000:function:stack-Work-1"
RESOLVER = Resolver({}, {"Work.Arn": ARN}, {}, {})


def function(declared: str | None = None, wanted: str | None = None) -> Function:
    name = "AUDIO_GATEWAY_SWEEP_SECONDS"
    variables = {} if declared is None else {name: declared}
    deployed = DeployedFunction("stack-Work-1", ARN, "app.handler", "arn:role", 512, 60, variables)
    own = variables if wanted is None else {name: wanted}
    return Function("Work", deployed, Path("functions/work"), (), own)


def read(rate: str = "rate(1 minute)", work: Function | None = None, **properties: Any) -> list[Schedule]:
    target = {"Arn": {"Fn::GetAtt": ["Work", "Arn"]}, "Id": "Target"}
    rule = {"ScheduleExpression": rate, "State": "ENABLED", "Targets": [target], **properties}
    template = Template({"Often": {"Type": "AWS::Events::Rule", "Properties": rule}}, {}, {}, {})
    return schedules.read(template, [work or function()], RESOLVER)


@pytest.mark.parametrize(
    ("rate", "seconds"), [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(1 day)", 86_400)]
)
def test_a_rule_calls_its_function_at_its_rate(rate: str, seconds: int) -> None:
    (found,) = read(rate)
    assert (found.function, found.seconds) == ("stack-Work-1", seconds)


def test_a_disabled_rule_does_nothing() -> None:
    assert read(State="DISABLED") == []


@pytest.mark.parametrize(("rate", "seconds"), [("rate(1 minute)", 1), ("rate(5 minutes)", 5)])
def test_the_operator_can_shorten_the_intervals(rate: str, seconds: int) -> None:
    (found,) = read(rate, function("60", "1"))
    assert found.seconds == seconds


def test_intervals_of_functions_without_the_variable_do_not_change() -> None:
    (found,) = read(work=function(None, "1"))
    assert found.seconds == 60


@pytest.mark.parametrize("wanted", ["0", "-1", "soon", "1.5", "²"])
def test_an_invalid_number_of_seconds_is_refused(wanted: str) -> None:
    with pytest.raises(StackError, match="AUDIO_GATEWAY_SWEEP_SECONDS="):
        read(work=function("60", wanted))


def test_a_rule_without_a_rate_or_with_another_target_is_refused() -> None:
    with pytest.raises(StackError, match="rate"):
        read("cron(0 12 * * ? *)")
    with pytest.raises(StackError, match="not a function"):
        read(Targets=[{"Arn": "arn:aws:sqs:us-east-1:000000000000:queue", "Id": "Target"}])


def test_the_event_matches_the_sample() -> None:
    (found,) = read()
    event = found.event(datetime(2026, 11, 21, 10, 5, tzinfo=UTC))
    sample = json.loads((Path(__file__).parents[3] / "events" / "sweeper.json").read_text())
    assert set(event) == set(sample)
    assert (event["time"], event["account"], event["region"]) == (sample["time"], "000000000000", "us-east-1")
    assert event["resources"] == ["arn:aws:events:us-east-1:000000000000:rule/Often"]


def test_calls_repeat_and_never_overlap() -> None:
    asyncio.run(three_turns())


async def three_turns() -> None:
    running, calls = 0, []
    enough = asyncio.Event()

    async def invoke(name: str, event: bytes, _trace: str) -> InvocationResult:
        nonlocal running
        running += 1
        assert running == 1
        calls.append((name, json.loads(event)["detail-type"]))
        await asyncio.sleep(0)
        running -= 1
        if len(calls) == 3:
            enough.set()
        return InvocationResult(b"null", "Unhandled" if len(calls) == 1 else None)  # a failure does not end it

    clock = asyncio.ensure_future(Schedule("arn:aws:events:r:a:rule/Often", "work", 0).run(invoke))
    await asyncio.wait_for(enough.wait(), 60)
    clock.cancel()
    assert set(calls) == {("work", "Scheduled Event")}
