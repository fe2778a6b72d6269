"""The states of an execution in which its job is running. The sweeper ends jobs in every other state."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from audio_gateway.jobs.executions import Executions

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:jobs"


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_timed_out_or_was_aborted_does_not_run(status: str) -> None:
    executions = Executions(MACHINE)
    asked = []

    def describe_execution(*, executionArn: str) -> dict[str, str]:  # noqa: N803 - AWS's own name
        asked.append(executionArn)
        return {"status": status}

    executions._client = SimpleNamespace(describe_execution=describe_execution)  # type: ignore[assignment]
    assert executions.is_running("job_1") is (status == "RUNNING")
    assert asked == ["arn:aws:states:eu-central-1:123456789012:execution:jobs:job_1"]
