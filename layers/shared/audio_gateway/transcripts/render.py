"""Renders a transcript in the six formats of the API, with the same bytes as OpenAI (contract sections 3.3 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from audio_gateway.transcripts.json_bytes import json_bytes, utf8
from audio_gateway.transcripts.json_forms import (
    duration_usage,
    logprobs_of,
    seconds,
    spaced,
    usage_of,
    verbose_segment,
    verbose_word,
)
from audio_gateway.transcripts.languages import name_of
from audio_gateway.transcripts.segments import segments_from_words
from audio_gateway.transcripts.speakers import SpeakerLabels
from audio_gateway.transcripts.subtitles import srt, vtt
from audio_gateway.transcripts.transcript import Segment, Transcript

ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]
RESPONSE_FORMATS: Final[tuple[ResponseFormat, ...]] = get_args(ResponseFormat)

Granularity = Literal["word", "segment"]
GRANULARITIES: Final[tuple[Granularity, ...]] = get_args(Granularity)

JSON_TYPE: Final = "application/json"
TEXT_TYPE: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The body of a response and its Content-Type."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class _RenderRequest:
    transcript: Transcript
    translated: bool
    granularities: Collection[Granularity]
    known_speakers: Collection[str]


def render(
    transcript: Transcript,
    response_format: ResponseFormat,
    *,
    task: Literal["transcribe", "translate"] = "transcribe",
    granularities: Collection[Granularity] = (),
    known_speakers: Collection[str] = (),
) -> Rendered:
    """Render the response to a transcription or a translation.

    `granularities` apply to `verbose_json`, where none means segments. `known_speakers` are the caller's names, which
    `diarized_json` keeps; all other speakers get letters. A translation is English, and has neither usage nor words.

    Raises `ValueError` if the format needs times and the transcript has text without times. That does not happen: only
    models with the capability are asked for such a format, and their times are checked.
    """
    request = _RenderRequest(transcript, task == "translate", granularities, known_speakers)
    made = _RENDERERS[response_format](request)
    if isinstance(made, str):
        return Rendered(utf8(made), TEXT_TYPE)
    return Rendered(json_bytes(made), JSON_TYPE)


def timed_segments(transcript: Transcript) -> Sequence[Segment]:
    """The transcript's segments, made from its words if it has only those.

    Raises `ValueError` if there is text, but neither segments nor words.
    """
    if transcript.segments is not None:
        return transcript.segments
    if transcript.words is not None:
        return segments_from_words(transcript.words, transcript.text)
    if transcript.text.strip():
        raise ValueError("the transcript has text, but neither segments nor words to say when it was spoken")
    return ()


def _json(request: _RenderRequest) -> dict[str, Any]:
    transcript = request.transcript
    body: dict[str, Any] = {"text": transcript.text}
    if request.translated:
        return body
    if transcript.languages is not None:
        body["languages"] = [{"code": code} for code in transcript.languages]
    if transcript.logprobs is not None:
        body["logprobs"] = logprobs_of(transcript.logprobs)
    body["usage"] = usage_of(transcript)
    return body


def _text(request: _RenderRequest) -> str:
    return request.transcript.text + "\n"


def _verbose_json(request: _RenderRequest) -> dict[str, Any]:
    transcript = request.transcript
    body: dict[str, Any] = {
        "task": "translate" if request.translated else "transcribe",
        "language": "english" if request.translated else _language(transcript),
        "duration": seconds(transcript.duration_ms),
        "text": transcript.text,
    }
    if request.translated or not request.granularities or "segment" in request.granularities:
        body["segments"] = [verbose_segment(i, s) for i, s in enumerate(timed_segments(transcript))]
    if request.translated:
        return body
    if "word" in request.granularities and transcript.words is not None:
        body["words"] = [form for word in transcript.words if (form := verbose_word(word))["word"]]
    body["usage"] = duration_usage(transcript)
    return body


def _language(transcript: Transcript) -> str:
    """The name of the language; `unknown` if it is unknown, because the field is required."""
    return "unknown" if transcript.language is None else name_of(transcript.language)


def _diarized_json(request: _RenderRequest) -> dict[str, Any]:
    transcript = request.transcript
    labels = SpeakerLabels(request.known_speakers)
    return {
        "task": "transcribe",
        "duration": seconds(transcript.duration_ms),
        "text": transcript.text,
        "segments": [
            {
                "type": "transcript.text.segment",
                "id": f"seg_{index}",
                "start": seconds(segment.start_ms),
                "end": seconds(segment.end_ms),
                "text": spaced(segment.text),
                "speaker": labels.of(segment.speaker),
            }
            for index, segment in enumerate(timed_segments(transcript))
        ],
        "usage": usage_of(transcript),
    }


_RENDERERS: Final[dict[ResponseFormat, Callable[[_RenderRequest], str | dict[str, Any]]]] = {
    "json": _json,
    "text": _text,
    "srt": lambda request: srt(timed_segments(request.transcript)),
    "verbose_json": _verbose_json,
    "vtt": lambda request: vtt(timed_segments(request.transcript)),
    "diarized_json": _diarized_json,
}
