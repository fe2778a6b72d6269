"""Files of any size and texts of any length with OpenAI's Python SDK and an audio gateway.

    from openai import OpenAI
    import audio_gateway_client

    client = OpenAI(http_client=audio_gateway_client.http_client())
    with open("3hours.mp3", "rb") as file:
        print(client.audio.transcriptions.create(model="whisper-1", file=file).text)

A file that is too big for a request is uploaded into the gateway's bucket and processed as a job. The call returns the
usual result when the job is done. All other requests pass through unchanged.
"""

from __future__ import annotations

from audio_gateway_client._clients import async_http_client, http_client
from audio_gateway_client._errors import JobTimedOut, JobUnreachable, UploadFailed
from audio_gateway_client._settings import DEFAULT_THRESHOLD, Job
from audio_gateway_client._transports import AsyncGatewayTransport, GatewayTransport

__all__ = [
    "DEFAULT_THRESHOLD",
    "AsyncGatewayTransport",
    "GatewayTransport",
    "Job",
    "JobTimedOut",
    "JobUnreachable",
    "UploadFailed",
    "async_http_client",
    "http_client",
]
