"""OpenAI's audio endpoints: speech, transcriptions and translations."""

from __future__ import annotations

from typing import Final

from audio_gateway.audio.formats import CONTENT_TYPES
from audio_gateway.transcripts.render import RESPONSE_FORMATS
from reference.openapi.build import Schema, listed, reference
from reference.openapi.headers import SERVED, SPOKEN
from reference.openapi.jobs import becomes_a_job
from reference.openapi.operations import READING, ok, parameter, refusals

AUDIO_ERRORS: Final = (*READING, 409, 413, 415, 422, 502, 503, 504)
"""The statuses of the errors of these endpoints: all that the API has."""

_PLAIN_FORMATS: Final = listed([f"`{name}`" for name in RESPONSE_FORMATS if not name.endswith("json")])


def audio_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    return {
        "/audio/speech": {"post": _speech()},
        "/audio/transcriptions": {"post": _transcriptions()},
        "/audio/translations": {"post": _translations()},
    }


def _speech() -> Schema:
    binary: Schema = {"type": "string", "format": "binary"}
    audio: Schema = {content_type: {"schema": binary} for content_type in CONTENT_TYPES.values()}
    events = {"text/event-stream": {"schema": reference("SpeechEvents")}}
    return {
        "operationId": "createSpeech",
        "summary": "Create speech",
        "description": "Generates audio from text, and sends it while it is generated. The audio is mono in every "
        "format. If the provider does not return the requested format, the gateway converts the audio. If the provider "
        "fails after the first byte, the body has no end, so that clients report a broken connection, and the call is "
        "free.",
        "parameters": [_idempotency_key()],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": reference("SpeechRequest")}},
        },
        "responses": {
            "200": ok(
                "The audio in `response_format`, or server-sent events that contain it. The headers are sent with the "
                "first byte of the provider.",
                audio | events,
                *SPOKEN,
            ),
            **becomes_a_job(),
            **refusals(AUDIO_ERRORS),
        },
    }


def _transcriptions() -> Schema:
    return {
        "operationId": "createTranscription",
        "summary": "Create a transcription",
        "description": "Transcribes audio in the spoken language. The parts of the form may be in any order. Send an "
        "array as one part for each element, named `name[]` or `name`. Without `file`, the body may also be JSON. "
        "Fields that are not listed here are ignored and named in `x-audio-gateway-ignored`.",
        "parameters": [_idempotency_key()],
        "requestBody": _form("TranscriptionRequest"),
        "responses": {
            "200": ok(
                "The transcript in `response_format`, or server-sent events that contain it.",
                _transcript("Transcription", "VerboseTranscription", "DiarizedTranscription", text=_PLAIN_FORMATS)
                | {"text/event-stream": {"schema": reference("TranscriptionEvents")}},
                *SERVED,
            ),
            **becomes_a_job(),
            **refusals(AUDIO_ERRORS),
        },
    }


def _translations() -> Schema:
    return {
        "operationId": "createTranslation",
        "summary": "Create a translation",
        "description": "Translates speech into English text. As for a transcription, fields that are not listed here "
        "are ignored and named in `x-audio-gateway-ignored`.",
        "parameters": [_idempotency_key()],
        "requestBody": _form("TranslationRequest"),
        "responses": {
            "200": ok(
                "The translation in `response_format`.",
                _transcript("Translation", "VerboseTranscription", text=_PLAIN_FORMATS),
                *SERVED,
            ),
            **becomes_a_job(),
            **refusals(AUDIO_ERRORS),
        },
    }


# ---------------------------------------------------------------- parts of operations
def _form(name: str) -> Schema:
    as_json = {"schema": reference(name.replace("Request", "JsonRequest"))}
    return {
        "required": True,
        "content": {"multipart/form-data": {"schema": reference(name)}, "application/json": as_json},
    }


def _idempotency_key() -> Schema:
    description = (
        "Makes retries safe. Send 1 to 255 visible ASCII characters without spaces, such as a UUID, and the same "
        "value with each retry of the request: the work is then done and charged once. For 24 hours, a retry gets the "
        "original response at no cost, marked with `x-audio-gateway-replayed`; while the original request is in "
        "progress, it gets a 409. Reusing the key with other fields or another file returns a 422. Keys are scoped to "
        "the project. After an error, the key can be used again."
    )
    return parameter("Idempotency-Key", "header", description, pattern="^[!-~]{1,255}$")


def _transcript(*names: str, text: str) -> Schema:
    """The content of a response that is one of these objects, or plain text."""
    return {
        "application/json": {"schema": {"oneOf": [reference(name) for name in names]}},
        "text/plain": {"schema": {"type": "string", "description": f"UTF-8 text, for {text}."}},
    }
