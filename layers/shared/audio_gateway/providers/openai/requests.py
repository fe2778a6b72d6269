"""Builds the requests to an upstream: only fields that are set, because some servers know fewer than OpenAI's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from typing import Literal

from audio_gateway.audio.sniff import MEDIA_TYPES, Container
from audio_gateway.providers.port import Chunking, SynthesisCall, TranscriptionCall

ResponseFormat = Literal["json", "verbose_json", "diarized_json"]
Field = tuple[str, str]


def speech_body(request: SynthesisCall) -> bytes:
    """The JSON of `POST /audio/speech`."""
    fields: dict[str, object] = {
        "model": request.model,
        "input": request.text,
        "voice": request.voice,
        "response_format": request.format,
    }
    if request.instructions is not None:
        fields["instructions"] = request.instructions
    if request.speed != 1:
        fields["speed"] = request.speed
    return json.dumps(fields).encode()  # escaped: even half of a surrogate pair becomes valid JSON


def response_format(request: TranscriptionCall) -> ResponseFormat:
    """The smallest response format that contains everything that is wanted."""
    if request.diarize:
        return "diarized_json"
    return "verbose_json" if request.want_words or request.want_segments else "json"


def streams(request: TranscriptionCall) -> bool:
    """Whether to request a stream: translations have none, and no upstream streams `verbose_json`."""
    return request.stream and request.task == "transcribe" and response_format(request) != "verbose_json"


def transcription_fields(request: TranscriptionCall) -> list[Field]:
    """The text fields of `POST /audio/transcriptions`, or of `/audio/translations`, which knows five of them."""
    wanted, options = response_format(request), request.options
    fields = [("model", request.model), ("response_format", wanted)]
    fields += [("prompt", options.prompt)] if options.prompt is not None else []
    fields += [("temperature", f"{options.temperature:g}")] if options.temperature is not None else []
    if request.task == "translate":
        return fields
    fields += [("language", options.language)] if options.language is not None else []
    fields += [("languages[]", language) for language in options.languages]
    fields += [("keywords[]", keyword) for keyword in options.keywords]
    if wanted == "verbose_json":
        fields += [("timestamp_granularities[]", "word")] if request.want_words else []
        fields += [("timestamp_granularities[]", "segment")] if request.want_segments else []
    fields += [("include[]", "logprobs")] if options.logprobs and wanted == "json" else []
    fields += [("stream", "true")] if streams(request) else []
    fields += _chunking_fields(options.chunking or (Chunking("auto") if request.diarize else None))
    fields += [("known_speaker_names[]", speaker.name) for speaker in options.known_speakers]
    fields += [("known_speaker_references[]", speaker.reference) for speaker in options.known_speakers]
    return fields


def multipart(fields: Iterable[Field], file: bytes, container: Container) -> tuple[str, bytes]:
    """Content type and body of a form with one file, named after the container of its content.

    Servers trust the extension; the real API knows mp4 and m4a, webm, ogg and oga, but not aac.
    """
    boundary = secrets.token_hex(16)
    pieces = list[bytes]()
    for name, value in fields:
        pieces.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    disposition = f'Content-Disposition: form-data; name="file"; filename="audio.{container}"'
    pieces.append(f"--{boundary}\r\n{disposition}\r\nContent-Type: {MEDIA_TYPES[container]}\r\n\r\n".encode())
    pieces.append(file)
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces)


def _chunking_fields(chunking: Chunking | None) -> Iterator[Field]:
    if chunking is None:
        return
    if chunking.type == "auto":
        yield "chunking_strategy", "auto"
        return
    yield "chunking_strategy[type]", chunking.type
    if chunking.prefix_padding_ms is not None:
        yield "chunking_strategy[prefix_padding_ms]", str(chunking.prefix_padding_ms)
    if chunking.silence_duration_ms is not None:
        yield "chunking_strategy[silence_duration_ms]", str(chunking.silence_duration_ms)
    if chunking.threshold is not None:
        yield "chunking_strategy[threshold]", f"{chunking.threshold:g}"
