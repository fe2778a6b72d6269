"""The events of a stream, by the official SDK's own types (contract section 3.4)."""

from __future__ import annotations

import json

from openai.types.audio import (
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
)

from audio_gateway.transcripts.events import text_delta, text_done, text_segment
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript

LOGPROBS = (TokenLogprob(" Hi", -0.125, (32, 72, 105)),)


def test_a_delta_is_text_and_where_asked_its_log_probabilities() -> None:
    assert text_delta(" Hi") == {"type": "transcript.text.delta", "delta": " Hi"}
    event = text_delta(" Hi", LOGPROBS)
    assert event["logprobs"] == [{"token": " Hi", "logprob": -0.125, "bytes": [32, 72, 105]}]
    TranscriptionTextDeltaEvent.model_validate(event, strict=True)


def test_a_segment_names_its_speaker_and_times_in_seconds() -> None:
    event = text_segment("seg_3", Segment("Hi.", 1700, 2000, "spk_9"), "A")
    assert json.dumps(event) == (
        '{"type": "transcript.text.segment", "id": "seg_3", "start": 1.7, "end": 2.0, "text": " Hi.", "speaker": "A"}'
    )
    TranscriptionTextSegmentEvent.model_validate(event, strict=True)


def test_the_last_event_holds_the_whole_text() -> None:
    assert text_done(Transcript("Hi", 900)) == {"type": "transcript.text.done", "text": "Hi"}


def test_the_last_event_holds_all_else_that_the_provider_returned() -> None:
    usage = TokenUsage(1, 2, 3, 0, 1)
    event = text_done(Transcript("Hi", 900, languages=("en",), logprobs=LOGPROBS, token_usage=usage))
    assert list(event) == ["type", "text", "languages", "logprobs", "usage"]
    assert event["usage"]["input_token_details"] == {"text_tokens": 0, "audio_tokens": 1}
    TranscriptionTextDoneEvent.model_validate(event, strict=True)
