"""Speech as it is answered, by the call that made it and by the job that did."""

from __future__ import annotations

from audio_gateway.api.http.sse import EVENT_STREAM_HEADERS, EVENT_STREAM_TYPE, event_stream, speech_events
from audio_gateway.audio.formats import CONTENT_TYPES, SpeechFormat
from audio_gateway.idempotency.idempotency import ApiResponse


def speech_answer(
    audio: bytes,
    speech_format: SpeechFormat,
    *,
    as_events: bool,
    model_id: str,
    ignored: tuple[str, ...],
    cached: bool = False,
) -> ApiResponse:
    """The whole file, or all events of a stream at once. `cached` says that it was made before."""
    headers = {"x-audio-gateway-model": model_id}
    if cached:
        headers["x-audio-gateway-cached"] = "true"
    if as_events:
        headers |= {**EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE}
        audio = event_stream(speech_events(audio))
    else:
        headers["content-type"] = CONTENT_TYPES[speech_format]
    return ApiResponse(headers, audio, ignored)
