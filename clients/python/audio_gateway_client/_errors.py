"""What is raised where the gateway gave no answer that could be returned. The SDK's own exceptions, told more exactly.

    openai.APIConnectionError
    ├── UploadFailed
    ├── JobUnreachable
    └── openai.APITimeoutError
        └── JobTimedOut

An answer with an error status is raised by the SDK as always. The SDK does not try again after one of these: the steps
were tried again one by one, and the whole would upload the file anew.
"""

from __future__ import annotations

import httpx2
from openai import APIConnectionError, APITimeoutError


class UploadFailed(APIConnectionError):
    """The file could not be brought into the bucket. Nothing was started, and nothing is charged."""

    def __init__(self, message: str, request: httpx2.Request) -> None:
        super().__init__(message=message, request=request)


class JobUnreachable(APIConnectionError):
    """The connection was lost while a job was started or waited for.

    A job that was started goes on; `job_id` is its id, None where it is not known whether there is one.
    """

    def __init__(self, message: str, request: httpx2.Request, job_id: str | None) -> None:
        super().__init__(message=message, request=request)
        self.job_id = job_id


class JobTimedOut(APITimeoutError):
    """The job took longer than `wait_seconds`, and was cancelled."""

    def __init__(self, message: str, request: httpx2.Request, job_id: str) -> None:
        super().__init__(request=request)
        self.message = message
        self.args = (message,)
        self.job_id = job_id
