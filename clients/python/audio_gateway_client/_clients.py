"""HTTP clients for the SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
from openai import DefaultAsyncHttpx2Client, DefaultHttpx2Client

from audio_gateway_client._settings import DEFAULT_RETRIES, DEFAULT_THRESHOLD, Job
from audio_gateway_client._transports import AsyncGatewayTransport, GatewayTransport


def http_client(
    *,
    threshold: int = DEFAULT_THRESHOLD,
    on_upload: Callable[[int, int], None] | None = None,
    on_job: Callable[[Job], None] | None = None,
    wait_seconds: float | None = None,
    retries: int = DEFAULT_RETRIES,
    transport: httpx2.BaseTransport | None = None,
    **client: Any,
) -> httpx2.Client:
    """Create an HTTP client for `OpenAI(http_client=…)`. Raises `ValueError` for an invalid number.

    Args:
        threshold: the largest file, in bytes, that is sent in the request itself.
        on_upload: called with the number of bytes sent and the size of the file. Restarts at 0 if the connection
            breaks.
        on_job: called with the job, an `audio.job`, about every two seconds, and when it ends or is cancelled.
        wait_seconds: the longest time to wait for a job. After it, the job is cancelled and `JobTimedOut` is raised.
            None: no limit. The SDK's own `timeout` applies to each request separately.
        retries: the number of retries of each step (announcing, uploading, starting, each poll for the result).
        transport: the transport that sends the requests, such as one with a proxy. Default: `httpx2.HTTPTransport()`.
        client: further arguments of `httpx2.Client`.
    """
    settings = {
        "threshold": threshold, "on_upload": on_upload, "on_job": on_job,
        "wait_seconds": wait_seconds, "retries": retries,
    }  # fmt: skip
    return DefaultHttpx2Client(transport=GatewayTransport(transport, **settings), **client)


def async_http_client(
    *,
    threshold: int = DEFAULT_THRESHOLD,
    on_upload: Callable[[int, int], None] | None = None,
    on_job: Callable[[Job], None] | None = None,
    wait_seconds: float | None = None,
    retries: int = DEFAULT_RETRIES,
    transport: httpx2.AsyncBaseTransport | None = None,
    **client: Any,
) -> httpx2.AsyncClient:
    """Create an HTTP client for `AsyncOpenAI(http_client=…)`; see `http_client`. Cancelling a task cancels its job."""
    settings = {
        "threshold": threshold, "on_upload": on_upload, "on_job": on_job,
        "wait_seconds": wait_seconds, "retries": retries,
    }  # fmt: skip
    return DefaultAsyncHttpx2Client(transport=AsyncGatewayTransport(transport, **settings), **client)
