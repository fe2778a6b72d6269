"""Clients to hand to the SDK."""

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
    """An HTTP client for `OpenAI(http_client=…)`.

    Args:
        threshold: the largest file, in bytes, that is sent within the request itself.
        on_upload: called with the bytes of the file that were sent and all its bytes; begins again at 0 if the
            connection breaks.
        on_job: called with the job, an `audio.job`, about every two seconds, and at its end or its cancellation.
        wait_seconds: how long a job is waited for; then it is cancelled and `JobTimedOut` raised. None: to its end.
            The SDK's own `timeout` holds for each request on the way.
        retries: how often each step (a form, the upload, the start, each question for the result) is tried again.
        transport: what sends the requests, such as one with a proxy; by default `httpx2.HTTPTransport()`.
        client: further arguments of `httpx2.Client`.

    Raises:
        ValueError: a number makes no sense.
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
    """`http_client` for `AsyncOpenAI(http_client=…)`. A task that is cancelled cancels its job."""
    settings = {
        "threshold": threshold, "on_upload": on_upload, "on_job": on_job,
        "wait_seconds": wait_seconds, "retries": retries,
    }  # fmt: skip
    return DefaultAsyncHttpx2Client(transport=AsyncGatewayTransport(transport, **settings), **client)
