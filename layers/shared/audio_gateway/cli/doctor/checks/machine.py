"""Long work: the state machine, its executions, and jobs that should have ended."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, Group, Red
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.cli.output import span_text

_MACHINE: Final = "AWS::StepFunctions::StateMachine"
_OF_THE_JOB: Final = "JobFailed"
"""The error with which an execution ends whose job says why: damaged audio, a provider that refuses."""

_LOOKED_AT: Final = timedelta(hours=24)
_MOST_LOOKED_AT: Final = 20
_LONGEST_JOB_S: Final = 24 * 3_600
"""How long a job's price is held, where the machine sets no time-out."""

_GRACE_S: Final = 900


def _active(visit: Visit) -> str:
    machine, _ = visit.stack.only(_MACHINE)
    found = _described(visit, machine)
    if found["status"] != "ACTIVE":
        raise Red(f"the state machine is {found['status']}", "Deploy the stack again.")
    timeout = json.loads(found["definition"]).get("TimeoutSeconds")
    return f"active, {f'gives a job up after {span_text(timeout)}' if timeout else 'without a time-out'}"


def _executions(visit: Visit) -> str:
    machine, _ = visit.stack.only(_MACHINE)
    client = visit.stack.client("stepfunctions")
    since = datetime.now(UTC) - _LOOKED_AT
    wrong = []
    for status in ("FAILED", "TIMED_OUT"):
        answer = client.list_executions(stateMachineArn=machine, statusFilter=status, maxResults=_MOST_LOOKED_AT)
        for execution in answer["executions"]:
            if execution.get("stopDate", execution["startDate"]) < since:
                continue
            error = client.describe_execution(executionArn=execution["executionArn"]).get("error", status)
            if error != _OF_THE_JOB:
                wrong.append(f"{execution['name']} ended with {error}")
    if wrong:
        do = "Read its history in the console of Step Functions. TooManyRequests means a quota that is too low."
        raise Red(f"{len(wrong)} in {_LOOKED_AT.days} day: {', '.join(wrong[:3])}", do)
    return "none broke off in a day"


def _open_jobs(visit: Visit) -> str:
    machine, _ = visit.stack.only(_MACHINE)
    longest = int(json.loads(_described(visit, machine)["definition"]).get("TimeoutSeconds", _LONGEST_JOB_S))
    now_s, jobs = int(time.time()), 0
    for item in visit.gateway.items.query("OPEN_JOBS"):  # oldest first
        jobs += 1
        age = now_s - int(item["created_at"]["N"])
        if age > longest + _GRACE_S:
            message = f"{item['sk']['S']} is open since {span_text(age)}: the sweeper does not have it ended"
            raise Red(message, visit.stack.logs_of("sweeper"))
    return f"{jobs} open" if jobs else "none is open"


def _described(visit: Visit, machine: str) -> dict[str, Any]:
    found: dict[str, Any] = visit.stack.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    return found


MACHINE: Final = Group(
    "Jobs",
    (
        Check("machine", "the state machine is active", _active),
        Check("executions", "no execution broke off without its job saying why", _executions),
        Check("open-jobs", "no job is open for longer than it may run", _open_jobs),
    ),
)
