"""Converts an upstream's JSON to a `Transcript`.

The text must be present, and every requested field must have the right type, or `Malformed` is raised. A field that
was not requested counts as missing if its type is wrong. Times slightly after the measured end of the audio are
clamped, because models report such times.
"""

from __future__ import annotations

from collections.abc import Sequence

from audio_gateway.providers.openai.fields import Malformed, ResponseFields, read_field
from audio_gateway.providers.openai.times import Span, time_converter_for
from audio_gateway.providers.port import SegmentDone, TextDelta, TranscriptionCall
from audio_gateway.transcripts.languages import code_of
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word


def transcript(
    fields: ResponseFields, request: TranscriptionCall, spoken: tuple[Segment, ...] | None = None
) -> Transcript:
    """The transcript in a response or in its last event; `spoken` are the segments of earlier events."""
    text = fields.text("text")
    if text is None:
        raise Malformed("answer.text is missing")
    languages = read_field(lambda: fields.objects("languages", lambda each: each.text("code") or ""), wanted=False)
    segments = read_field(lambda: _segments(fields, request), wanted=request.want_segments or request.diarize)
    return Transcript(
        text=text.strip(),
        duration_ms=request.audio.duration_ms,
        language=_language(fields, request, languages),
        words=read_field(lambda: _words(fields, request), wanted=request.want_words),
        segments=segments or spoken,
        languages=languages,
        logprobs=read_field(lambda: fields.objects("logprobs", _logprob), wanted=request.options.logprobs),
        token_usage=read_field(lambda: _usage(fields.object("usage")), wanted=False),
    )


def text_delta(fields: ResponseFields, *, want_logprobs: bool) -> TextDelta:
    """A `transcript.text.delta` event."""
    logprobs = read_field(lambda: fields.objects("logprobs", _logprob), wanted=want_logprobs)
    return TextDelta(fields.text("delta") or "", logprobs)


def segment_done(fields: ResponseFields, request: TranscriptionCall, number: int) -> SegmentDone:
    """A `transcript.text.segment` event, the `number`-th from 0. Its times must be seconds."""
    said: list[Span] = [(fields.number("start"), fields.number("end"))]
    clock = time_converter_for(request.audio, said)
    if clock.per_second != 1:
        raise Malformed("its times are beyond the end of the audio")
    (place,) = clock.spans(said)
    return SegmentDone(fields.text("id") or f"seg_{number}", _segment(fields, place, request))


def _words(fields: ResponseFields, request: TranscriptionCall) -> tuple[Word, ...] | None:
    """The words, which servers put in different places.

    OpenAI lists them beside the text, whisper.cpp and others inside their segments, and servers based on whisperX as
    `word_segments`, which may be in their object `segments`.
    """
    holder = _holder(fields)
    listed = fields.objects("words", _itself) or holder.objects("word_segments", _itself)
    if not listed:
        inside = [segment.objects("words", _itself) for segment in holder.objects("segments", _itself) or ()]
        if listed is None and all(words is None for words in inside):
            return None
        listed = tuple(word for words in inside for word in words or ())
    places = _places(listed, [_text_of_word(word) for word in listed], request)
    return tuple(
        Word(_text_of_word(word), start_ms, end_ms, _speaker(word, request))
        for word, (start_ms, end_ms) in zip(listed, places, strict=True)
    )


def _segments(fields: ResponseFields, request: TranscriptionCall) -> tuple[Segment, ...] | None:
    listed = _holder(fields).objects("segments", _itself)
    if listed is None:
        return None
    places = _places(listed, [segment.text("text") or "" for segment in listed], request)
    return tuple(_segment(segment, place, request) for segment, place in zip(listed, places, strict=True))


def _holder(fields: ResponseFields) -> ResponseFields:
    """The object with the lists: the response, or an object `segments` in it."""
    return (fields.object("segments") or fields) if fields.has_object("segments") else fields


def _places(
    listed: Sequence[ResponseFields], texts: Sequence[str], request: TranscriptionCall
) -> list[tuple[int, int]]:
    """Start and end in milliseconds of each item."""
    said: list[Span] = [(each.number("start"), each.number("end")) for each in listed]
    if any(text.strip() for text in texts) and not any(time for span in said for time in span):
        raise Malformed("its times are missing")
    return time_converter_for(request.audio, said).spans(said)


def _segment(fields: ResponseFields, place: tuple[int, int], request: TranscriptionCall) -> Segment:
    """A segment of any response format. The decoder's figures are optional."""
    return Segment(
        text=(fields.text("text") or "").strip(),
        start_ms=place[0],
        end_ms=place[1],
        speaker=_speaker(fields, request),
        tokens=read_field(lambda: fields.integers("tokens"), wanted=False) or (),
        temperature=_figure(fields, "temperature"),
        avg_logprob=_figure(fields, "avg_logprob"),
        compression_ratio=_figure(fields, "compression_ratio"),
        no_speech_prob=_figure(fields, "no_speech_prob"),
    )


def _figure(fields: ResponseFields, name: str) -> float:
    return read_field(lambda: fields.number(name), wanted=False) or 0.0


def _speaker(fields: ResponseFields, request: TranscriptionCall) -> str | None:
    """The speaker's name; some servers use numbers."""
    number = read_field(lambda: fields.integer("speaker"), wanted=False)
    return read_field(lambda: fields.text("speaker"), wanted=request.diarize) if number is None else str(number)


def _itself(fields: ResponseFields) -> ResponseFields:
    return fields


def _text_of_word(fields: ResponseFields) -> str:
    return (fields.text("word") or fields.text("text") or "").strip()


def _logprob(fields: ResponseFields) -> TokenLogprob:
    token = fields.text("token") or ""
    return TokenLogprob(token, fields.number("logprob") or 0.0, fields.integers("bytes") or tuple(token.encode()))


def _usage(fields: ResponseFields | None) -> TokenUsage | None:
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


def _language(fields: ResponseFields, request: TranscriptionCall, languages: tuple[str, ...] | None) -> str | None:
    """The language in the response, a name or a code; else the caller's."""
    if request.task == "translate":
        return "en"
    heard = code_of(read_field(lambda: fields.text("language"), wanted=False) or "")
    if heard is None and languages is not None and len(languages) == 1:
        heard = code_of(languages[0])
    return heard or code_of(request.options.language or "")
