"""Server-sent events as OpenAI frames them: bare `data:` lines, CRLF, and `[DONE]` at the end (contract 2 and 3.4).

The platform hands a buffered answer over in one piece, so that the events arrive together.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Final

from audio_gateway.transcripts.json_bytes import json_bytes

EVENT_STREAM_HEADERS: Final = {"cache-control": "no-store"}
EVENT_STREAM_TYPE: Final = "text/event-stream; charset=utf-8"

_PIECE_BYTES: Final = 4096  # of audio in an event, as the real API cuts it


def event_stream(events: Iterable[dict[str, Any]]) -> bytes:
    """The body of an answer that consists of these events."""
    return b"".join(_frames(events))


def _frames(events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for event in events:
        yield b"data: " + json_bytes(event) + b"\r\n\r\n"
    yield b"data: [DONE]\r\n\r\n"


def speech_events(audio: bytes) -> Iterator[dict[str, Any]]:
    """Speech in pieces. `done` must tell token counts; speech is measured in characters, so they are zero."""
    for start in range(0, len(audio), _PIECE_BYTES):
        piece = base64.b64encode(audio[start : start + _PIECE_BYTES]).decode()
        yield {"type": "speech.audio.delta", "audio": piece}
    yield {"type": "speech.audio.done", "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}}
