"""The response with a transcript: the same bytes from a call and from a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from audio_gateway.api.http.sse import EVENT_STREAM_HEADERS, EVENT_STREAM_TYPE, event_stream
from audio_gateway.idempotency.idempotency import ApiResponse
from audio_gateway.providers.port import SegmentDone, TextDelta, TranscriptEvent
from audio_gateway.transcripts.events import text_delta, text_done, text_segment
from audio_gateway.transcripts.render import render
from audio_gateway.transcripts.speakers import SpeakerLabels
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.transcription_request import TranscriptionRequest


def transcript_answer(
    request: TranscriptionRequest,
    transcript: Transcript,
    *,
    model_id: str,
    ignored: tuple[str, ...],
    events: Sequence[TranscriptEvent] = (),
) -> ApiResponse:
    """The response to the request. `model_id` made the transcript; `events` are the provider's, if it streams.

    Raises:
        ValueError: the format needs times, and the transcript has none.
    """
    headers = {"x-audio-gateway-model": model_id}
    if request.stream:
        body = event_stream(_stream(request, events, transcript))
        return ApiResponse({**headers, **EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE}, body, ignored)
    rendered = render(
        transcript,
        request.response_format,
        task=request.task,
        granularities=request.granularities,
        known_speakers=[speaker.name for speaker in request.options.known_speakers],
    )
    return ApiResponse({**headers, "content-type": rendered.content_type}, rendered.body, ignored)


def _stream(
    request: TranscriptionRequest, events: Sequence[TranscriptEvent], transcript: Transcript
) -> Iterator[dict[str, Any]]:
    """The provider's events. For a provider that does not stream: the whole text as one event, or its segments."""
    labels = SpeakerLabels([speaker.name for speaker in request.options.known_speakers])
    if request.response_format == "diarized_json":
        found = [event for event in events if isinstance(event, SegmentDone)] or [
            SegmentDone(f"seg_{index}", segment) for index, segment in enumerate(transcript.segments or ())
        ]
        yield from (text_segment(event.id, event.segment, labels.of(event.segment.speaker)) for event in found)
    else:
        deltas = [event for event in events if isinstance(event, TextDelta)]
        if not deltas and transcript.text:
            deltas = [TextDelta(transcript.text, transcript.logprobs)]
        yield from (text_delta(event.text, event.logprobs) for event in deltas)
    yield text_done(transcript)
