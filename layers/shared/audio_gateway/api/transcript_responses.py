"""A transcript as it is answered, by the call that made it or by the job that did: the same bytes either way."""

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
    order: TranscriptionRequest,
    transcript: Transcript,
    *,
    model_id: str,
    ignored: tuple[str, ...],
    events: Sequence[TranscriptEvent] = (),
) -> ApiResponse:
    """The answer to the order. `model_id` is who wrote the transcript, `events` are the provider's if it streams.

    Raises:
        ValueError: the format needs times, and the transcript has none.
    """
    headers = {"x-audio-gateway-model": model_id}
    if order.stream:
        body = event_stream(_stream(order, events, transcript))
        return ApiResponse({**headers, **EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE}, body, ignored)
    rendered = render(
        transcript,
        order.response_format,
        task=order.task,
        granularities=order.granularities,
        known_speakers=[speaker.name for speaker in order.options.known_speakers],
    )
    return ApiResponse({**headers, "content-type": rendered.content_type}, rendered.body, ignored)


def _stream(
    order: TranscriptionRequest, events: Sequence[TranscriptEvent], transcript: Transcript
) -> Iterator[dict[str, Any]]:
    """The provider's events; from a provider that does not stream, the whole text or its segments at once."""
    labels = SpeakerLabels([speaker.name for speaker in order.options.known_speakers])
    if order.response_format == "diarized_json":
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
