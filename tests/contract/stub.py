"""What the contract profile replaces; the rest is the gateway's own code."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from audio_gateway.api.http.function_handler import FunctionHandler
from audio_gateway.audio.source import AudioSource
from audio_gateway.providers.port import TextDelta, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.response_stream import ResponseStream
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, Transcript, Word

_SECOND_MS = 1000

# What the SDK's tests send, and what an honest server can read in its place.
_PLACEHOLDERS: tuple[tuple[bytes, bytes], ...] = (
    (b'name="language"\r\n\r\nlanguage\r\n', b'name="language"\r\n\r\nen\r\n'),
    (b'name="languages[]"\r\n\r\nstring\r\n', b'name="languages[]"\r\n\r\nen\r\n'),
    (
        b'name="known_speaker_references[]"\r\n\r\nstring\r\n',
        b'name="known_speaker_references[]"\r\n\r\ndata:audio/wav;base64,AAAA\r\n',
    ),
    # Asked for together with response_format=json, which the real API refuses.
    (b'name="timestamp_granularities[]"', b'name="timestamp_granularities_with_json[]"'),
)


def meaningful(event: dict[str, Any]) -> dict[str, Any]:
    """The event with the placeholders of its form replaced."""
    if not event.get("body") or not event.get("isBase64Encoded"):
        return event
    body = base64.b64decode(event["body"])
    for placeholder, meant in _PLACEHOLDERS:
        body = body.replace(placeholder, meant)
    return {**event, "body": base64.b64encode(body).decode()}


def meaningful_query(event: dict[str, Any]) -> dict[str, Any]:
    """The event with the placeholders of its query replaced: an empty range, no buckets, and a page of nothing."""
    query = dict(event.get("multiValueQueryStringParameters") or {})
    for name, placeholder, meant in (("end_time", ["0"], ["60"]), ("limit", ["0"], ["1"]), ("page", ["page"], None)):
        if query.get(name) == placeholder:
            query.pop(name)
            query |= {} if meant is None else {name: meant}
    return {**event, "multiValueQueryStringParameters": query or None}


def measured(data: bytes, *, limit_ms: int, out_of_time: Any, on_progress: Any) -> AudioSource:
    """Any bytes as a second of audio."""
    return AudioSource(data=data, container="wav", duration_ms=_SECOND_MS, sample_rate=16_000, channels=1)


class MeaningfulHandler:
    """The real handler, on events that mean something."""

    def __init__(self, real: FunctionHandler) -> None:
        self._real = real

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer in one piece."""
        return self._real(meaningful(event), context)

    def stream(self, event: dict[str, Any], context: Any, response: ResponseStream) -> None:
        """Answer piece by piece."""
        self._real.stream(meaningful(event), context, response)


class StubProvider:
    """Hears "Hello." in everything, with all the detail that was asked for."""

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """One delta and the whole."""
        yield TextDelta("Hello.")
        yield TranscriptDone(
            Transcript(
                text="Hello.",
                duration_ms=_SECOND_MS,
                language="en",
                words=(Word("Hello", 0, _SECOND_MS),) if request.want_words else None,
                segments=(Segment("Hello.", 0, _SECOND_MS, speaker="A"),),
                logprobs=(TokenLogprob("Hello.", -0.1, tuple(b"Hello.")),) if request.options.logprobs else None,
            )
        )
