"""A state machine in memory, as its clients see it: the executions that there were, and which of them run."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


class FakeStepFunctions:
    """The client of one state machine. An execution runs until somebody removes it from `running`."""

    def __init__(self) -> None:
        self.started: set[str] = set()
        self.running: set[str] = set()

    def start_execution(self, *, name: str, **_: Any) -> dict[str, Any]:
        if name in self.started:
            raise _error("ExecutionAlreadyExists")
        self.started.add(name)
        self.running.add(name)
        return {}

    def stop_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - Step Functions' name
        self.running.discard(self._name(executionArn))
        return {}

    def list_executions(self, **_: Any) -> dict[str, Any]:
        return {"executions": [{"name": name} for name in sorted(self.running)]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        return {"status": "RUNNING" if self._name(executionArn) in self.running else "SUCCEEDED"}

    def _name(self, arn: str) -> str:
        name = arn.rpartition(":")[2]
        if name not in self.started:
            raise _error("ExecutionDoesNotExist")
        return name


def _error(code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {}}
    return ClientError(answer, "a call")
