"""The state machine that works on jobs. An execution has its job's id as its name: a job has one at most."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Final

from audio_gateway.aws import aws_client
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job

if TYPE_CHECKING:
    from types_boto3_stepfunctions.client import SFNClient

_STARTED_ALREADY: Final = "ExecutionAlreadyExists"
_OVER: Final = frozenset({"ExecutionDoesNotExist", "ValidationException"})


class Executions:
    """Starts and stops. `machine_arn` is the state machine's."""

    def __init__(self, machine_arn: str) -> None:
        self._machine_arn = machine_arn

    @cached_property
    def _client(self) -> SFNClient:
        client: SFNClient = aws_client("stepfunctions", connect_timeout=1, read_timeout=5, attempts=3)
        return client

    def start(self, job: Job) -> None:
        """Begin the work. Safe to repeat; raises `StorageUnavailable` if it cannot be begun."""
        from botocore.exceptions import BotoCoreError, ClientError

        begin = json.dumps({"project_id": job.project_id, "job_id": job.id})
        try:
            self._client.start_execution(stateMachineArn=self._machine_arn, name=job.id, input=begin)
        except ClientError as error:
            if error.response["Error"]["Code"] != _STARTED_ALREADY:
                raise StorageUnavailable("The work cannot be started at the moment. Try again.") from error
        except BotoCoreError as error:
            raise StorageUnavailable("The work cannot be started at the moment. Try again.") from error

    def stop(self, job: Job) -> None:
        """End the work: nothing new is begun. Safe to repeat; raises `StorageUnavailable` if it cannot be ended."""
        from botocore.exceptions import BotoCoreError, ClientError

        arn = self._machine_arn.replace(":stateMachine:", ":execution:") + f":{job.id}"
        try:
            self._client.stop_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _OVER:
                raise StorageUnavailable("The work cannot be stopped at the moment. Try again.") from error
        except BotoCoreError as error:
            raise StorageUnavailable("The work cannot be stopped at the moment. Try again.") from error
