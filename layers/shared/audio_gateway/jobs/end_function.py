"""The function that ends jobs, called past the state machine: for a job that was cancelled, or lost its execution."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from audio_gateway.aws.clients import aws_client, map_aws_errors


class EndFunction:
    """Calls it without waiting; Lambda tries it three times. `function` is its name."""

    def __init__(self, function: str) -> None:
        self._function = function

    @cached_property
    def _client(self) -> Any:  # the types of all of Lambda are not worth one call
        return aws_client("lambda", connect_timeout=1, read_timeout=5, attempts=3)

    def end(self, project_id: str, job_id: str) -> None:
        """Have a job ended whose work was stopped, or done what is left of one that is over.

        Safe to repeat; raises `StorageUnavailable`.
        """
        self._call(project_id, job_id, "interrupted")

    def cancel(self, project_id: str, job_id: str) -> None:
        """Have a job cancelled whose work was stopped; safe to repeat, and raises, as `end`."""
        self._call(project_id, job_id, "cancelled")

    def _call(self, project_id: str, job_id: str, why: str) -> None:
        event = json.dumps({"project_id": project_id, "job_id": job_id, why: True})
        with map_aws_errors(message="The job cannot be ended now. Try again."):
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=event.encode())
