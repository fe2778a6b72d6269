"""Converts a transcript to JSON and back without loss, to store it between the steps of a job."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word


def to_bytes(transcript: Transcript) -> bytes:
    """The transcript as JSON."""
    value: dict[str, Any] = {
        "text": transcript.text,
        "duration_ms": transcript.duration_ms,
        "language": transcript.language,
        "words": _rows(transcript.words),
        "segments": _rows(transcript.segments),
        "languages": transcript.languages,
        "logprobs": _rows(transcript.logprobs),
        "token_usage": None if transcript.token_usage is None else astuple(transcript.token_usage),
        "used_ms": transcript.used_ms,
    }
    return json.dumps(value, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> Transcript:
    """The transcript that `to_bytes` encoded."""
    value = json.loads(data)
    words, segments, logprobs = value["words"], value["segments"], value["logprobs"]
    usage, languages = value["token_usage"], value["languages"]
    return Transcript(
        text=value["text"],
        duration_ms=value["duration_ms"],
        language=value["language"],
        words=None if words is None else tuple(Word(*row) for row in words),
        segments=None if segments is None else tuple(_segment(row) for row in segments),
        languages=None if languages is None else tuple(languages),
        logprobs=None if logprobs is None else tuple(TokenLogprob(row[0], row[1], tuple(row[2])) for row in logprobs),
        token_usage=None if usage is None else TokenUsage(*usage),
        used_ms=value.get("used_ms"),  # results of the previous version have none
    )


def _rows(items: tuple[Word, ...] | tuple[Segment, ...] | tuple[TokenLogprob, ...] | None) -> list[Any] | None:
    # Faster than `astuple`, which copies each value and takes seconds for the words of a day.
    return None if items is None else [[getattr(item, name) for name in item.__slots__] for item in items]


def _segment(row: list[Any]) -> Segment:
    text, start_ms, end_ms, speaker, tokens, *figures = row
    return Segment(text, start_ms, end_ms, speaker, tuple(tokens), *figures)
