"""Server-sent events as OpenAI frames them: bare `data:` lines, CRLF, and `[DONE]` at the end (contract 2 and 3.4).

A buffered response is sent in one piece, so all events arrive together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from audio_gateway.transcripts.json_bytes import json_bytes

EVENT_STREAM_HEADERS: Final = {"cache-control": "no-store"}
EVENT_STREAM_TYPE: Final = "text/event-stream; charset=utf-8"


def event_stream(events: Iterable[dict[str, Any]]) -> bytes:
    """The body of a response that consists of these events."""
    return b"".join(_frames(events))


def _frames(events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for event in events:
        yield b"data: " + json_bytes(event) + b"\r\n\r\n"
    yield b"data: [DONE]\r\n\r\n"
