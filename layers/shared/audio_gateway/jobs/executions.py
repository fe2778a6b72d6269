"""The state machine that works on jobs. An execution is named after its job, so a job has at most one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.clients import aws_client
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import JobRef

if TYPE_CHECKING:
    from types_boto3_stepfunctions.client import SFNClient

_STARTED_ALREADY: Final = frozenset({"ExecutionAlreadyExists"})
_NONE: Final = frozenset({"ExecutionDoesNotExist"})
_OVER: Final = _NONE | {"ValidationException"}
_RUNNING: Final = "RUNNING"


class Executions:
    """Starts, stops and lists the executions of the state machine `machine_arn`."""

    def __init__(self, machine_arn: str) -> None:
        self._machine_arn = machine_arn

    @cached_property
    def _client(self) -> SFNClient:
        client: SFNClient = aws_client("stepfunctions", connect_timeout=1, read_timeout=5, attempts=3)
        return client

    def start(self, job: JobRef) -> None:
        """Start the work. Safe to repeat. Raises `StorageUnavailable` if it cannot be started."""
        state = json.dumps({"project_id": job.project_id, "job_id": job.id})
        with suppress(_NothingToDo), _or_unavailable("started", _STARTED_ALREADY):
            self._client.start_execution(stateMachineArn=self._machine_arn, name=job.id, input=state)

    def stop(self, job: JobRef) -> None:
        """Stop the work: no more steps start. Safe to repeat. Raises `StorageUnavailable` if it cannot be stopped."""
        with suppress(_NothingToDo), _or_unavailable("stopped", _OVER):
            self._client.stop_execution(executionArn=self._arn(job.id))

    def running(self) -> set[str]:
        """The ids of all jobs with a running execution, possibly some seconds old. Raises `StorageUnavailable`."""
        with _or_unavailable("checked"):
            pages = self._client.get_paginator("list_executions").paginate(
                stateMachineArn=self._machine_arn, statusFilter=_RUNNING
            )
            return {execution["name"] for page in pages for execution in page["executions"]}

    def is_running(self, job_id: str) -> bool:
        """Whether a job has a running execution. Raises `StorageUnavailable`."""
        with suppress(_NothingToDo), _or_unavailable("checked", _NONE):
            return self._client.describe_execution(executionArn=self._arn(job_id))["status"] == _RUNNING
        return False

    def _arn(self, job_id: str) -> str:
        return self._machine_arn.replace(":stateMachine:", ":execution:") + f":{job_id}"


class _NothingToDo(Exception):
    """The call had nothing to do."""


@contextmanager
def _or_unavailable(action: str, harmless: frozenset[str] = frozenset()) -> Iterator[None]:
    """Raises `StorageUnavailable` for an error of Step Functions, or `_NothingToDo` for the codes in `harmless`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in harmless:
            raise _NothingToDo from error
        raise StorageUnavailable(f"The work cannot be {action} now. Try again.") from error
