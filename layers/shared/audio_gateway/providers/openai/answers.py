"""An upstream's JSON as our `Transcript`.

What is missing or unknown does not matter, except for the text; what is there and of the wrong type raises
`Malformed`. Times are clamped into the audio that we measured: models report some beyond its end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, TypeVar

from audio_gateway.providers.port import SegmentDone, TextDelta, TranscriptionRequest
from audio_gateway.transcripts.languages import code_of
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word

T = TypeVar("T")

_HUGE: Final = 1e300  # a larger whole number is no float


class Malformed(Exception):
    """The answer is not of OpenAI's shape; says where, never what was there."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns an upstream's seconds into milliseconds of the audio."""

    duration_ms: int

    def ms(self, seconds: float) -> int:
        """Rounded half up, within the audio."""
        within = min(max(seconds, 0.0), self.duration_ms / 1000)
        return int((Decimal(repr(within)) * 1000).quantize(Decimal(1), ROUND_HALF_UP))

    def span(self, fields: Fields) -> tuple[int, int]:
        """`start` and `end` of an object; nothing ends before it starts."""
        start = self.ms(fields.number("start") or 0.0)
        return start, max(start, self.ms(fields.number("end") or 0.0))


class Fields:
    """A JSON object whose fields are checked where they are read; null counts as missing."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{where} is not an object")
        self._value = value
        self._where = where

    def has(self, name: str) -> bool:
        """Whether there is something by that name."""
        return bool(self._value.get(name))

    def text(self, name: str) -> str | None:
        """A string."""
        value: str | None = self._read(name, lambda value: isinstance(value, str))
        return value

    def number(self, name: str) -> float | None:
        """A finite number."""
        value: float | None = self._read(name, _is_number)
        return None if value is None else float(value)

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value: int | None = self._read(name, lambda value: type(value) is int)
        return value

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        value = self._read(name, lambda value: isinstance(value, list) and all(type(item) is int for item in value))
        return tuple(value or ())

    def object(self, name: str) -> Fields | None:
        """An object."""
        value = self._value.get(name)
        return None if value is None else Fields(value, f"{self._where}.{name}")

    def objects(self, name: str, read: Callable[[Fields], T]) -> tuple[T, ...] | None:
        """A list of objects, each read by `read`."""
        value = self._read(name, lambda value: isinstance(value, list))
        if value is None:
            return None
        return tuple(read(Fields(item, f"{self._where}.{name}[{i}]")) for i, item in enumerate(value))

    def _read(self, name: str, fits: Callable[[Any], bool]) -> Any:
        value = self._value.get(name)
        if value is not None and not fits(value):
            raise Malformed(f"{self._where}.{name} is of the wrong type")
        return value


def parse(body: bytes | str) -> Fields:
    """The JSON object in a body."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the answer is not JSON") from None
    return Fields(value, "answer")


def transcript(fields: Fields, request: TranscriptionRequest, spoken: tuple[Segment, ...] | None = None) -> Transcript:
    """The transcript in an answer or in its last event; `spoken` are the segments that came before as events."""
    text = fields.text("text")
    if text is None:
        raise Malformed("answer.text is missing")
    clock = Clock(request.audio.duration_ms)
    languages = fields.objects("languages", lambda each: each.text("code") or "")
    return Transcript(
        text=text.strip(),
        duration_ms=request.audio.duration_ms,
        language=_language(fields, request, languages),
        words=fields.objects("words", lambda each: _word(each, clock)),
        segments=fields.objects("segments", lambda each: segment(each, clock)) or spoken,
        languages=languages,
        logprobs=fields.objects("logprobs", _logprob),
        token_usage=_usage(fields.object("usage")),
    )


def segment(fields: Fields, clock: Clock) -> Segment:
    """A segment of any of the shapes that have some."""
    start_ms, end_ms = clock.span(fields)
    return Segment(
        text=(fields.text("text") or "").strip(),
        start_ms=start_ms,
        end_ms=end_ms,
        speaker=fields.text("speaker"),
        tokens=fields.integers("tokens"),
        temperature=fields.number("temperature") or 0.0,
        avg_logprob=fields.number("avg_logprob") or 0.0,
        compression_ratio=fields.number("compression_ratio") or 0.0,
        no_speech_prob=fields.number("no_speech_prob") or 0.0,
    )


def text_delta(fields: Fields) -> TextDelta:
    """A `transcript.text.delta` event."""
    return TextDelta(fields.text("delta") or "", fields.objects("logprobs", _logprob))


def segment_done(fields: Fields, clock: Clock, number: int) -> SegmentDone:
    """A `transcript.text.segment` event, the `number`-th from 0."""
    return SegmentDone(fields.text("id") or f"seg_{number}", segment(fields, clock))


def _word(fields: Fields, clock: Clock) -> Word:
    start_ms, end_ms = clock.span(fields)
    return Word((fields.text("word") or "").strip(), start_ms, end_ms, fields.text("speaker"))


def _logprob(fields: Fields) -> TokenLogprob:
    token = fields.text("token") or ""
    return TokenLogprob(token, fields.number("logprob") or 0.0, fields.integers("bytes") or tuple(token.encode()))


def _usage(fields: Fields | None) -> TokenUsage | None:
    if fields is None or fields.text("type") == "duration":
        return None
    counted = [fields.integer(f"{name}_tokens") for name in ("input", "output", "total")]
    if counted[0] is None or counted[1] is None or counted[2] is None:
        return None
    details = fields.object("input_token_details")
    return TokenUsage(
        input_tokens=counted[0],
        output_tokens=counted[1],
        total_tokens=counted[2],
        input_text_tokens=details.integer("text_tokens") if details else None,
        input_audio_tokens=details.integer("audio_tokens") if details else None,
    )


def _language(fields: Fields, request: TranscriptionRequest, languages: tuple[str, ...] | None) -> str | None:
    """What the provider says, a name or a code; else what the caller said."""
    if request.task == "translate":
        return "en"
    heard = code_of(fields.text("language") or "")
    if heard is None and languages is not None and len(languages) == 1:
        heard = code_of(languages[0])
    return heard or code_of(request.language or "")


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and abs(value) < _HUGE  # neither infinite nor "not a number"
