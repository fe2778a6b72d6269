"""Calls the function that ends jobs, outside the state machine: for a job that was cancelled or lost its execution."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from audio_gateway.aws.clients import aws_client, map_aws_errors
from audio_gateway.jobs.job import JobRef


class EndFunction:
    """Calls the function named `function` without waiting for it; Lambda tries each call up to three times."""

    def __init__(self, function: str) -> None:
        self._function = function

    @cached_property
    def _client(self) -> Any:  # one call is not worth a dependency on Lambda's types
        return aws_client("lambda", connect_timeout=1, read_timeout=5, attempts=3)

    def end(self, job: JobRef) -> None:
        """End a job whose work was stopped, or complete the end of one that is over.

        Safe to repeat. Raises `StorageUnavailable`.
        """
        self._call(job, "interrupted")

    def cancel(self, job: JobRef) -> None:
        """Cancel a job whose work was stopped. Safe to repeat. Raises `StorageUnavailable`."""
        self._call(job, "cancelled")

    def _call(self, job: JobRef, why: str) -> None:
        event = json.dumps({"project_id": job.project_id, "job_id": job.id, why: True})
        with map_aws_errors(message="The job cannot be ended now. Try again."):
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=event.encode())
