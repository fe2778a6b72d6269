"""Server-sent events as OpenAI frames them: bare `data:` lines, CRLF, and `[DONE]` at the end (contract 2 and 3.4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from audio_gateway.api.http.errors import answer_for
from audio_gateway.transcripts.json_bytes import json_bytes

EVENT_STREAM_HEADERS: Final = {"cache-control": "no-store"}
EVENT_STREAM_TYPE: Final = "text/event-stream; charset=utf-8"


KEEP_ALIVE: Final = b": keep-alive\r\n\r\n"
"""A comment, which readers ignore."""


def frames(events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The events of a stream that ends well, each as it is sent."""
    for event in events:
        yield b"data: " + json_bytes(event) + b"\r\n\r\n"
    yield b"data: [DONE]\r\n\r\n"


def error_frame(error: Exception, request_id: str) -> bytes:
    """The last event of a stream that fails: the official SDKs raise it as an `APIError`."""
    envelope = json.loads(answer_for(error, request_id).body)
    return b"data: " + json_bytes(envelope) + b"\r\n\r\n"
