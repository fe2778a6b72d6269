"""Responses with speech: the same for a direct call and for a job."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Final

from audio_gateway.api.delivery import AnswerStream
from audio_gateway.api.http.sse import EVENT_STREAM_HEADERS, EVENT_STREAM_TYPE, frames
from audio_gateway.api.idempotency import MAX_STREAMED_BYTES
from audio_gateway.audio.formats import CONTENT_TYPES, SpeechFormat

_PIECE_BYTES: Final = 4096  # the most audio in an event, as in OpenAI's API
_MOST_EVENT_SHARE: Final = 1.5  # bytes of events for each byte of audio: base64, and the JSON around small pieces


def most_audio_bytes(*, as_events: bool) -> int:
    """How many bytes of audio a streamed response has room for."""
    return int(MAX_STREAMED_BYTES / _MOST_EVENT_SHARE) if as_events else MAX_STREAMED_BYTES


def speech_answer(
    audio: Iterable[bytes],
    speech_format: SpeechFormat,
    *,
    as_events: bool,
    model_id: str,
    ignored: tuple[str, ...],
    cached: bool = False,
) -> AnswerStream:
    """The file as it comes, or the events of a stream. `cached` marks speech from the cache."""
    headers = {"x-audio-gateway-model": model_id}
    if cached:
        headers["x-audio-gateway-cached"] = "true"
    if as_events:
        headers |= {**EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE}
        return AnswerStream(headers, frames(_events(audio)), ignored)
    return AnswerStream({**headers, "content-type": CONTENT_TYPES[speech_format]}, iter(audio), ignored)


def _events(audio: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Speech in pieces. `done` must have token counts; they are zero, because speech is measured in characters."""
    for chunk in audio:
        for start in range(0, len(chunk), _PIECE_BYTES):
            piece = base64.b64encode(chunk[start : start + _PIECE_BYTES]).decode()
            yield {"type": "speech.audio.delta", "audio": piece}
    yield {"type": "speech.audio.done", "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}}
