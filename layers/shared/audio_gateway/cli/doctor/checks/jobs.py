"""Jobs: the state machine, its executions, and jobs that should have ended."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.output import duration_text

_MACHINE: Final = "AWS::StepFunctions::StateMachine"
_OF_THE_JOB: Final = "JobFailed"
"""The error of an execution whose job has the reason, such as damaged audio or a refusal by the provider."""

_PERIOD: Final = timedelta(hours=24)
_MAX_EXECUTIONS: Final = 20
_LONGEST_JOB_S: Final = 24 * 3_600
"""How long a job's price is held, if the state machine has no timeout."""

_GRACE_S: Final = 900


def _active(context: CheckContext) -> str:
    machine, _ = context.stack.only(_MACHINE)
    found = _described(context, machine)
    if found["status"] != "ACTIVE":
        raise CheckFailed(f"the state machine is {found['status']}", "Deploy the stack again.")
    timeout = json.loads(found["definition"]).get("TimeoutSeconds")
    return f"active, {f'with a timeout of {duration_text(timeout)}' if timeout else 'without a timeout'}"


def _executions(context: CheckContext) -> str:
    machine, _ = context.stack.only(_MACHINE)
    client = context.stack.client("stepfunctions")
    since = datetime.now(UTC) - _PERIOD
    wrong = []
    for status in ("FAILED", "TIMED_OUT"):
        answer = client.list_executions(stateMachineArn=machine, statusFilter=status, maxResults=_MAX_EXECUTIONS)
        for execution in answer["executions"]:
            if execution.get("stopDate", execution["startDate"]) < since:
                continue
            error = client.describe_execution(executionArn=execution["executionArn"]).get("error", status)
            if error != _OF_THE_JOB:
                wrong.append(f"{execution['name']} ended with {error}")
    if wrong:
        do = "Read its history in the Step Functions console. TooManyRequests means that a quota is too low."
        raise CheckFailed(f"{len(wrong)} in {_PERIOD.days} day: {', '.join(wrong[:3])}", do)
    return "no execution failed within a day"


def _open_jobs(context: CheckContext) -> str:
    machine, _ = context.stack.only(_MACHINE)
    longest = int(json.loads(_described(context, machine)["definition"]).get("TimeoutSeconds", _LONGEST_JOB_S))
    now_s, jobs = int(time.time()), 0
    for item in context.gateway.items.query("OPEN_JOBS"):  # oldest first
        jobs += 1
        age = now_s - int(item["created_at"]["N"])
        if age > longest + _GRACE_S:
            message = f"{item['sk']['S']} has been open for {duration_text(age)}: the sweeper does not end it"
            raise CheckFailed(message, context.stack.logs_of("sweeper"))
    return f"{jobs} open" if jobs else "no job is open"


def _described(context: CheckContext, machine: str) -> dict[str, Any]:
    found: dict[str, Any] = context.stack.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    return found


JOBS: Final = CheckGroup(
    "Jobs",
    (
        Check("machine", "the state machine is active", _active),
        Check("executions", "no execution failed without a reason in its job", _executions),
        Check("open-jobs", "no job has been open longer than it may run", _open_jobs),
    ),
)
