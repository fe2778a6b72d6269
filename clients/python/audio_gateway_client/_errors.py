"""Exceptions for calls without a response that could be returned. They are subclasses of the SDK's exceptions.

    openai.APIConnectionError
    ├── UploadFailed
    ├── JobUnreachable
    └── openai.APITimeoutError
        └── JobTimedOut

The SDK raises its usual exceptions for responses with an error status. It does not retry after one of these: each step
was already retried, and a retry of the whole call would upload the file again.
"""

from __future__ import annotations

import httpx2
from openai import APIConnectionError, APITimeoutError


class UploadFailed(APIConnectionError):
    """The file could not be uploaded into the bucket. No job was started, and nothing is charged."""

    def __init__(self, message: str, request: httpx2.Request) -> None:
        super().__init__(message=message, request=request)


class JobUnreachable(APIConnectionError):
    """The connection was lost while a job was being started or awaited.

    A started job continues. `job_id` is its id, or None if it is unknown whether the job was started.
    """

    def __init__(self, message: str, request: httpx2.Request, job_id: str | None) -> None:
        super().__init__(message=message, request=request)
        self.job_id = job_id


class JobTimedOut(APITimeoutError):
    """The job took longer than `wait_seconds` and was cancelled."""

    def __init__(self, message: str, request: httpx2.Request, job_id: str) -> None:
        super().__init__(request=request)
        self.message = message
        self.args = (message,)
        self.job_id = job_id
