"""The events of a streamed transcription as JSON objects (contract section 3.4). `api` frames them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audio_gateway.transcripts.json_forms import logprobs_of, seconds, spaced, token_usage
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, Transcript


def text_delta(delta: str, logprobs: Sequence[TokenLogprob] | None = None) -> dict[str, Any]:
    """More text, to be appended to the previous text."""
    event: dict[str, Any] = {"type": "transcript.text.delta", "delta": delta}
    if logprobs is not None:
        event["logprobs"] = logprobs_of(logprobs)
    return event


def text_segment(segment_id: str, segment: Segment, speaker: str) -> dict[str, Any]:
    """A segment of `diarized_json`, sent instead of deltas. `speaker` is its label (see `SpeakerLabels`)."""
    return {
        "type": "transcript.text.segment",
        "id": segment_id,
        "start": seconds(segment.start_ms),
        "end": seconds(segment.end_ms),
        "text": spaced(segment.text),
        "speaker": speaker,
    }


def text_done(transcript: Transcript) -> dict[str, Any]:
    """The whole text: always the last event, once. It has `usage` only in tokens: the event has no other type."""
    event: dict[str, Any] = {"type": "transcript.text.done", "text": transcript.text}
    if transcript.languages is not None:
        event["languages"] = [{"code": code} for code in transcript.languages]
    if transcript.logprobs is not None:
        event["logprobs"] = logprobs_of(transcript.logprobs)
    if transcript.token_usage is not None:
        event["usage"] = token_usage(transcript.token_usage)
    return event
