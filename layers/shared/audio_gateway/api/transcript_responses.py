"""The response with a transcript: the same bytes from a call and from a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from audio_gateway.api.delivery import AnswerStream
from audio_gateway.api.http.sse import EVENT_STREAM_HEADERS, EVENT_STREAM_TYPE, frames
from audio_gateway.idempotency.idempotency import ApiResponse
from audio_gateway.providers.port import SegmentDone, TranscriptDone, TranscriptEvent
from audio_gateway.transcripts.events import text_delta, text_done, text_segment
from audio_gateway.transcripts.render import render
from audio_gateway.transcripts.speakers import SpeakerLabels
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.transcription_request import TranscriptionRequest


def transcript_answer(
    request: TranscriptionRequest, transcript: Transcript, *, model_id: str, ignored: tuple[str, ...]
) -> ApiResponse:
    """The whole response to the request, which is not a stream. `model_id` made the transcript.

    Raises:
        ValueError: the format needs times, and the transcript has none.
    """
    rendered = render(
        transcript,
        request.response_format,
        task=request.task,
        granularities=request.granularities,
        known_speakers=[speaker.name for speaker in request.options.known_speakers],
    )
    headers = {"x-audio-gateway-model": model_id, "content-type": rendered.content_type}
    return ApiResponse(headers, rendered.body, ignored)


def transcript_stream(
    request: TranscriptionRequest, events: Iterable[TranscriptEvent], *, model_id: str, ignored: tuple[str, ...]
) -> AnswerStream:
    """The provider's events as they come; the last one is the transcript.

    A provider that does not stream has no others: its whole text becomes one event, or its segments become some.
    """
    headers = {"x-audio-gateway-model": model_id, **EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE}
    return AnswerStream(headers, frames(_events(request, events)), ignored)


def _events(request: TranscriptionRequest, events: Iterable[TranscriptEvent]) -> Iterator[dict[str, Any]]:
    labels = SpeakerLabels([speaker.name for speaker in request.options.known_speakers])
    diarized, has_sent = request.response_format == "diarized_json", False
    for event in events:
        if isinstance(event, TranscriptDone):
            if not has_sent:
                yield from _whole(event.transcript, labels, diarized=diarized)
            yield text_done(event.transcript)
        elif isinstance(event, SegmentDone):
            if diarized:
                has_sent = True
                yield text_segment(event.id, event.segment, labels.of(event.segment.speaker))
        elif not diarized:
            has_sent = True
            yield text_delta(event.text, event.logprobs)


def _whole(transcript: Transcript, labels: SpeakerLabels, *, diarized: bool) -> Iterator[dict[str, Any]]:
    if diarized:
        for index, segment in enumerate(transcript.segments or ()):
            yield text_segment(f"seg_{index}", segment, labels.of(segment.speaker))
    elif transcript.text:
        yield text_delta(transcript.text, transcript.logprobs)
