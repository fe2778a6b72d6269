"""The document: where it begins, its operations, headers and errors."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from audio_gateway import __version__
from audio_gateway.audio.formats import CONTENT_TYPES
from audio_gateway.transcripts.render import RESPONSE_FORMATS
from reference.openapi.admin import admin_paths
from reference.openapi.admin_objects import admin_schemas
from reference.openapi.answers import answer_schemas
from reference.openapi.build import Schema, reference
from reference.openapi.error_rows import error_rows
from reference.openapi.examples import with_examples
from reference.openapi.groups import tagged, tags
from reference.openapi.jobs import becomes_a_job, job_paths, job_schemas
from reference.openapi.operations import READING, json_answer, named, ok, parameter, refusals, response_name
from reference.openapi.project_webhooks import project_webhook_paths
from reference.openapi.requests import request_schemas
from reference.openapi.uploads import upload_paths, upload_schemas
from reference.openapi.usage import usage_paths, usage_schemas
from reference.openapi.webhooks import webhook_paths, webhook_schemas

_AUDIO: Final = (*READING, 409, 413, 415, 422, 502, 503, 504)

_ABOUT: Final = """\
Text to speech, transcription and translation with the requests and answers of OpenAI's audio API, so that the official
SDKs work with another `base_url`. The models are those of the operator's catalogue. An option that a model does not
have is refused by name or, where the catalogue says so, let through and named in `x-audio-gateway-ignored`.

Pages in browsers may call it, unless the operator allows only some origins (`AllowedOrigins`): a preflight needs no
key, any header may be sent, and errors can be read as well as answers."""


def document() -> Schema:
    """The whole document; every call builds it anew."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "audio-gateway",
            "version": __version__,
            "summary": "An OpenAI-compatible audio API on your own AWS account",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com/v1",
                "description": "After a deployment: its output ApiBaseUrl.",
                "variables": {"api": {"default": "abcdef1234"}, "region": {"default": "us-east-1"}},
            },
            {"url": "http://127.0.0.1:8080/v1", "description": "After `make run`."},
        ],
        "security": [{"key": []}],
        "tags": tags(),
        "paths": tagged(_paths()),
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key of this gateway: `sk-…`."},
                "adminKey": {"type": "http", "scheme": "bearer", "description": "An admin key: `sk-admin-…`."},
            },
            "headers": _headers(),
            "responses": _error_responses(),
            "schemas": with_examples(
                {
                    **request_schemas(),
                    **answer_schemas(),
                    **job_schemas(),
                    **upload_schemas(),
                    **usage_schemas(),
                    **webhook_schemas(),
                    **admin_schemas(),
                }
            ),
        },
    }


# ---------------------------------------------------------------- operations
def _paths() -> dict[str, Schema]:
    return {
        "/audio/speech": {"post": _speech()},
        "/audio/transcriptions": {"post": _transcriptions()},
        "/audio/translations": {"post": _translations()},
        **job_paths(),
        **upload_paths(),
        "/audio/voices": {"get": _voices()},
        "/models": {"get": _models()},
        "/models/{model}": {"get": _model()},
        "/health": {"get": _health()},
        **usage_paths(),
        **webhook_paths(),
        **admin_paths(),
        **project_webhook_paths(),
    }


def _speech() -> Schema:
    binary: Schema = {"type": "string", "format": "binary"}
    audio: Schema = {content_type: {"schema": binary} for content_type in CONTENT_TYPES.values()}
    events = {"text/event-stream": {"schema": reference("SpeechEvents")}}
    return {
        "operationId": "createSpeech",
        "summary": "Text to speech",
        "description": "Turns text into audio. All formats are mono. The gateway makes those that the provider does "
        "not return.",
        "parameters": [_idempotency_key()],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": reference("SpeechRequest")}},
        },
        "responses": {
            "200": ok("The audio in `response_format`, or events that hold it.", audio | events, *_SPOKEN),
            **becomes_a_job(),
            **refusals(_AUDIO),
        },
    }


def _transcriptions() -> Schema:
    return {
        "operationId": "createTranscription",
        "summary": "Speech to text",
        "description": "Transcribes audio in the language that is spoken. The parts of the form may come in any order; "
        "send arrays as `name[]` or `name`, once for each element. Without a file, the body may be JSON. Fields that "
        "are not listed here are ignored and named in `x-audio-gateway-ignored`.",
        "parameters": [_idempotency_key()],
        "requestBody": _form("TranscriptionRequest"),
        "responses": {
            "200": ok(
                "The transcript in `response_format`, or events that hold it.",
                _transcript("Transcription", "VerboseTranscription", "DiarizedTranscription", text=_PLAIN_FORMATS)
                | {"text/event-stream": {"schema": reference("TranscriptionEvents")}},
                *_SERVED,
            ),
            **becomes_a_job(),
            **refusals(_AUDIO),
        },
    }


def _translations() -> Schema:
    return {
        "operationId": "createTranslation",
        "summary": "Speech to English text",
        "description": "Translates speech into English text. As in a transcription, fields that are not listed here "
        "are ignored and named in `x-audio-gateway-ignored`.",
        "parameters": [_idempotency_key()],
        "requestBody": _form("TranslationRequest"),
        "responses": {
            "200": ok(
                "The text in `response_format`.",
                _transcript("Translation", "VerboseTranscription", text=_PLAIN_FORMATS),
                *_SERVED,
            ),
            **becomes_a_job(),
            **refusals(_AUDIO),
        },
    }


def _voices() -> Schema:
    asked = parameter("model", "query", "Only the voices of this model. Left out: those of every model that speaks.")
    return {
        "operationId": "listVoices",
        "summary": "List voices",
        "description": "The names that the catalogue maps, then the provider's own. A provider that cannot tell its "
        "voices without being asked over the network adds none.",
        "parameters": [asked],
        "responses": {"200": json_answer("The voices.", "VoiceList"), **refusals(READING)},
    }


def _models() -> Schema:
    kind = parameter("type", "query", "`audio`, which all models here are.", enum=["audio"])
    return {
        "operationId": "listModels",
        "summary": "List models",
        "description": "The models of the catalogue, in its order, with what they can do and what they cost.",
        "parameters": [kind],
        "responses": {"200": json_answer("The models.", "ModelList"), **refusals(READING)},
    }


def _model() -> Schema:
    which = parameter("model", "path", "The model's id. A slash in it may be sent as it is or as %2F.")
    return {
        "operationId": "retrieveModel",
        "summary": "Describe a model",
        "description": "One model of the catalogue.",
        "parameters": [which],
        "responses": {"200": json_answer("The model.", "Model"), **refusals(READING)},
    }


def _health() -> Schema:
    return {
        "operationId": "checkHealth",
        "summary": "Check that the service is up",
        "description": "For monitors: the front door and a function behind it answer. It says nothing of the table, "
        "the models and their providers.",
        "security": [],
        "responses": {"200": json_answer("The service is up.", "Health")},
    }


# ---------------------------------------------------------------- parts of operations
_PLAIN_FORMATS: Final = ", ".join(f"`{name}`" for name in RESPONSE_FORMATS if not name.endswith("json"))


def _form(name: str) -> Schema:
    as_json = {"schema": reference(name.replace("Request", "JsonRequest"))}
    return {
        "required": True,
        "content": {"multipart/form-data": {"schema": reference(name)}, "application/json": as_json},
    }


def _idempotency_key() -> Schema:
    description = (
        "1 to 255 visible ASCII characters without spaces, such as a UUID, sent again with each further try of the "
        "same request: it is then done and paid once. For 24 hours each try gets the first one's answer, marked by "
        "`x-audio-gateway-replayed`, at no cost; while that is being made, a 409. With other fields or another file "
        "the answer is a 422. The key belongs to the project. After an error it is free again."
    )
    return parameter("Idempotency-Key", "header", description, pattern="^[!-~]{1,255}$")


def _transcript(*names: str, text: str) -> Schema:
    """The content of an answer that is one of these objects, or plain text."""
    return {
        "application/json": {"schema": {"oneOf": [reference(name) for name in names]}},
        "text/plain": {"schema": {"type": "string", "description": f"in UTF-8, for {text}."}},
    }


# ---------------------------------------------------------------- headers
_WINDOWS: Final = tuple(
    f"x-ratelimit-{what}-{name}"
    for name in ("requests", "characters", "audio-seconds")
    for what in ("limit", "remaining", "reset")
)
_SERVED: Final = (
    "x-audio-gateway-model",
    "x-audio-gateway-ignored",
    "x-audio-gateway-cost-usd",
    "x-audio-gateway-replayed",
    *_WINDOWS,
)

_SPOKEN: Final = (*_SERVED, "x-audio-gateway-cached")

_WINDOW_TEXT: Final = {
    "limit": "What the key may use in a clock minute, where it has such a limit.",
    "remaining": "What is left of it.",
    "reset": "The time until the next minute, as in `17s`.",
}


def _headers() -> dict[str, Schema]:
    described = {
        "x-request-id": "In every answer: `req_` and 32 hex digits, or those digits with hyphens where API Gateway "
        "itself refused the request. Quote it when you ask the operator for help.",
        "openai-processing-ms": "Milliseconds that the function took.",
        "openai-version": "Of OpenAI's API, as the SDKs know it.",
        "x-content-type-options": "`nosniff`.",
        "x-audio-gateway-model": "The model that served the request: the one asked for, or one of its fallbacks.",
        "x-audio-gateway-ignored": "Names of the fields that changed nothing, if there were any; the first ten of "
        "those that nobody knows.",
        "x-audio-gateway-cost-usd": "What the answer costs, in dollars: a plain decimal number.",
        "x-audio-gateway-replayed": "`true` for the answer to an earlier request with the same Idempotency-Key, or to "
        "an earlier try of the call.",
        "x-audio-gateway-job": "The id of the job that the request has become.",
        "x-audio-gateway-cached": "`true` for speech that was made before, where the catalogue lets it be given again.",
        **{name: _WINDOW_TEXT[name.split("-")[2]] for name in _WINDOWS},
        "location": "Where the answer is.",
        "content-disposition": "The name of the file.",
        "retry-after": "Whole seconds to wait before another try.",
        "x-should-retry": "`false` where another try cannot help. The SDKs heed it.",
        "allow": "The methods that the resource knows.",
        "www-authenticate": "`Bearer`, of the API's front door.",
    }
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}


# ---------------------------------------------------------------- errors
_ERROR_HEADERS: Final = {
    401: ("www-authenticate",),
    405: ("allow",),
    409: ("retry-after",),
    429: ("retry-after", "x-should-retry", *_WINDOWS),
    500: ("x-should-retry",),
    502: ("retry-after", "x-should-retry"),
    503: ("retry-after", "x-should-retry"),
    504: ("x-should-retry",),
}


def _error_responses() -> dict[str, Schema]:
    reasons: dict[int, list[str]] = defaultdict(list)
    for row in error_rows():
        for status in row.statuses:
            reasons[status].append(f"{row.when} (`{row.code}`)" if row.code else row.when)
    return {response_name(status): _error_response(status, reasons[status]) for status in sorted(_AUDIO)}


def _error_response(status: int, reasons: list[str]) -> Schema:
    return {
        "description": " ".join(reasons),
        "headers": named(*_ERROR_HEADERS.get(status, ())),
        "content": {"application/json": {"schema": reference("Error")}},
    }
