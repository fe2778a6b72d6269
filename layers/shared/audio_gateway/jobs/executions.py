"""The state machine that works on jobs. An execution has its job's id as its name: a job has one at most."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.clients import aws_client
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job

if TYPE_CHECKING:
    from types_boto3_stepfunctions.client import SFNClient

_STARTED_ALREADY: Final = frozenset({"ExecutionAlreadyExists"})
_NONE: Final = frozenset({"ExecutionDoesNotExist"})
_OVER: Final = _NONE | {"ValidationException"}
_RUNNING: Final = "RUNNING"


class Executions:
    """Starts, stops and looks. `machine_arn` is the state machine's."""

    def __init__(self, machine_arn: str) -> None:
        self._machine_arn = machine_arn

    @cached_property
    def _client(self) -> SFNClient:
        client: SFNClient = aws_client("stepfunctions", connect_timeout=1, read_timeout=5, attempts=3)
        return client

    def start(self, job: Job) -> None:
        """Begin the work. Safe to repeat; raises `StorageUnavailable` if it cannot be begun."""
        begin = json.dumps({"project_id": job.project_id, "job_id": job.id})
        with suppress(_Fine), _as_ours("started", _STARTED_ALREADY):
            self._client.start_execution(stateMachineArn=self._machine_arn, name=job.id, input=begin)

    def stop(self, job: Job) -> None:
        """End the work: nothing new is begun. Safe to repeat; raises `StorageUnavailable` if it cannot be ended."""
        with suppress(_Fine), _as_ours("stopped", _OVER):
            self._client.stop_execution(executionArn=self._arn(job.id))

    def running(self) -> set[str]:
        """The ids of all jobs that are worked on, as of a moment ago; raises `StorageUnavailable`."""
        with _as_ours("looked at"):
            pages = self._client.get_paginator("list_executions").paginate(
                stateMachineArn=self._machine_arn, statusFilter=_RUNNING
            )
            return {execution["name"] for page in pages for execution in page["executions"]}

    def is_running(self, job_id: str) -> bool:
        """Whether a job is worked on; False also if that was never begun. Raises `StorageUnavailable`."""
        with suppress(_Fine), _as_ours("looked at", _NONE):
            return self._client.describe_execution(executionArn=self._arn(job_id))["status"] == _RUNNING
        return False

    def _arn(self, job_id: str) -> str:
        return self._machine_arn.replace(":stateMachine:", ":execution:") + f":{job_id}"


class _Fine(Exception):
    """There is nothing to be done."""


@contextmanager
def _as_ours(what: str, fine: frozenset[str] = frozenset()) -> Iterator[None]:
    """What Step Functions has against a call becomes `StorageUnavailable`, or `_Fine` for the codes that are."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in fine:
            raise _Fine from error
        raise StorageUnavailable(f"The work cannot be {what} at the moment. Try again.") from error
