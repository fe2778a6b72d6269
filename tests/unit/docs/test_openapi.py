"""The OpenAPI document matches the code: its routes, the fields that they accept, and their responses."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, cast

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from audio_gateway.api import speech, transcriptions
from audio_gateway.api.admin.app import admin_app
from audio_gateway.api.http.app import caller_of, lambda_handler
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.multipart import FormPart, MultipartForm
from audio_gateway.api.http.parameters import Parameters
from audio_gateway.api.jobs import jobs_app
from audio_gateway.api.models import models_app
from audio_gateway.api.speech import SpeechDependencies, speech_app
from audio_gateway.api.transcriptions import TranscriptionApiDependencies, transcriptions_app, translations_app
from audio_gateway.api.uploads import uploads_app
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import ExportSource, export_query
from audio_gateway.api.usage.query import costs_query, usage_query
from audio_gateway.api.voices import voices_app
from audio_gateway.api.webhooks import WebhookDependencies, webhooks_app
from audio_gateway.audio.formats import CONTENT_TYPES, SPEECH_FORMATS
from audio_gateway.audio.source import AudioSource
from audio_gateway.errors import InvalidRequest
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account import Usage
from audio_gateway.metering.account_item import Account
from audio_gateway.metering.free_requests import FreeRequests
from audio_gateway.metering.limits import limits_from_api
from audio_gateway.providers.port import TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.storage.results import ResultStore
from audio_gateway.transcripts.render import RESPONSE_FORMATS
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage
from audio_gateway.uploads.upload_store import UploadStore
from audio_gateway.webhooks.endpoint_store import WebhookStore
from reference.openapi import document
from tests.fakes.files import FakeFiles
from tests.fakes.gateway import ADMIN_CALLER, Answer, call, event, form_event, json_event
from tests.fakes.idempotency import FakeSpeechCache, fresh_idempotency, no_repetitions
from tests.fakes.jobs import empty_job_service
from tests.fakes.meter import FakeWaitingPolls, free_billing
from tests.fakes.providers import ALL_CAPABILITIES, FakeAdapter, catalog, model
from tests.fakes.reports import FakeAccounts, FakeNames, FakeReports, row
from tests.unit.use_cases.jobs.job_harness import JobHarness

SPEC = document()
SCHEMAS = SPEC["components"]["schemas"]

NOW_S = 1_795_262_400  # 2026-11-21T12:00:00Z
REFERENCE = "data:audio/wav;base64,AAAA"
SPEECH_EXAMPLE: dict[str, Any] = {
    "model": "talker",
    "input": "Hello.",
    "voice": "en-us",
    "response_format": "wav",
    "speed": 1.0,
    "instructions": "Slowly.",
    "stream_format": "audio",
    "background": False,
}
FORM_EXAMPLE = {
    "file": "",
    "upload_id": "upload_0123456789abcdef01234567",
    "file_url": "https://files.example/speech.wav",
    "model": "talker",
    "response_format": "json",
    "language": "en",
    "languages[]": "en",
    "keywords[]": "gateway",
    "prompt": "Before.",
    "temperature": "0.5",
    "include[]": "logprobs",
    "stream": "false",
    "background": "false",
    "chunking_strategy": "auto",
    "known_speaker_names[]": "Anna",
    "known_speaker_references[]": REFERENCE,
}


AUDIO = {"file", "upload_id", "file_url"}


# ---------------------------------------------------------------- routes
def measured(data: bytes, *, limit_ms: int, out_of_time: Any, on_progress: Any) -> AudioSource:
    return AudioSource(data, "wav", 1_200, 16_000, 1)


class Teller(FakeAdapter):
    """Also returns speakers, log probabilities and token counts."""

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        for heard in super().transcribe(request):
            if isinstance(heard, TranscriptDone) and request.diarize:
                said = Segment(self.text, 0, 900, speaker="one")
                yield TranscriptDone(replace(heard.transcript, segments=(said,)))
            elif isinstance(heard, TranscriptDone) and request.options.logprobs:
                logprobs = (TokenLogprob("hello", -0.1, tuple(b"hello")),)
                usage = TokenUsage(10, 3, 13, input_text_tokens=0, input_audio_tokens=10)
                yield TranscriptDone(replace(heard.transcript, logprobs=logprobs, token_usage=usage, languages=("en",)))
            else:
                yield heard


def apps() -> dict[str, FastAPI]:
    found = catalog(
        model(voices={"alloy": "en-us", "house": "en-us"}),
        model("teller", capabilities=ALL_CAPABILITIES | {"diarization"}, response_formats=RESPONSE_FORMATS),
    )
    provider = Teller()

    def providers(_: object) -> Teller:
        return provider

    parts: dict[str, Any] = {
        "catalog": found,
        "providers": providers,
        "billing": free_billing(),
        "idempotency": fresh_idempotency(),
        "repetitions": no_repetitions(),
        "results": None,
        "job_service": empty_job_service(),
    }
    return {
        "speech": speech_app(SpeechDependencies(**parts, caches=FakeSpeechCache())),
        "transcriptions": transcriptions_app(
            TranscriptionApiDependencies(**parts, files=FakeFiles(), measure=measured)
        ),
        "translations": translations_app(TranscriptionApiDependencies(**parts, files=FakeFiles(), measure=measured)),
        "jobs": jobs_app(
            stopping=JobHarness().stopping,
            results=cast("ResultStore", None),
            waits=FakeWaitingPolls(),
            writer_of=caller_of,
        ),
        "uploads": uploads_app(
            uploads=cast("UploadStore", None), visits=cast("FreeRequests", None), writer_of=caller_of
        ),
        "voices": voices_app(catalog=found, providers=providers),
        "models": models_app(catalog=found),
        "admin": admin_app(directory=cast("Directory", None)),
        "usage": reporting_app(),
        "webhooks": webhooks_app(
            replace(
                WebhookDependencies(*[cast("Any", None)] * 6),
                store=WebhookStore(cast("Any", None), "table"),
                writer_of=caller_of,
            )
        ),
    }


def reporting_app() -> FastAPI:
    reports = FakeReports([row(NOW_S), row(NOW_S, endpoint="translations")])
    limits = limits_from_api(
        {
            "requests_per_minute": 1,
            "concurrent_requests": 1,
            "characters_per_minute": 1,
            "audio_seconds_per_minute": 1,
            "monthly_budget_usd": "1",
            "models": ["talker"],
            "expires_at": 2_000_000_000,
        }
    )
    return usage_app(
        reports=reports,
        exports=ExportSource(
            ledger=reports,
            names=FakeNames,
            results=cast("ResultStore", None),
            beginning_ms=lambda: None,
        ),
        accounts=FakeAccounts({"key_1": (Account("active", 1, limits), Usage())}),
        now_ms=lambda: NOW_S * 1000,
    )


def test_the_paths_are_the_routes() -> None:
    routes = {
        (method.lower(), re.sub(r"\{.*?\}", "{}", route.path))
        for app in apps().values()
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in (route.methods or set()) - {"HEAD"}  # which GET implies
    }
    documented = {
        (method, re.sub(r"\{.*?\}", "{}", path)) for path, methods in SPEC["paths"].items() for method in methods
    }
    assert documented == routes


def test_every_route_but_the_health_check_asks_who_calls(handlers: dict[str, Any]) -> None:
    for name, app in apps().items():
        for route in app.routes:
            if not isinstance(route, APIRoute) or route.path == "/health":
                continue
            path = re.sub(r"{.*?}", "x", route.path)
            for method in route.methods or set():
                assert call(handlers[name], event(method, path, authorizer={})).status == 401, (method, path)
                if path.startswith("/organization"):
                    assert call(handlers[name], event(method, path)).status == 403, (method, path)


def test_every_reference_has_its_aim_and_every_component_is_used() -> None:
    used = set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(SPEC)))
    there = {f"{kind}/{name}" for kind in ("schemas", "headers", "responses") for name in SPEC["components"][kind]}
    assert used == there


def test_every_operation_and_field_is_described() -> None:
    for path, methods in SPEC["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["description"], path
    for name, schema in SCHEMAS.items():
        assert schema["description"], name
        for field, described in schema.get("properties", {}).items():
            assert described.keys() & {"description", "$ref", "const", "oneOf"}, f"{name}.{field}"


# ---------------------------------------------------------------- fields
class RecordingFields(BodyFields):
    names: ClassVar[set[str]] = set()

    def pop(self, name: str) -> Any:
        self.names.add(name)
        return super().pop(name)


class RecordingForm(MultipartForm):
    """Records the names of its fields in the request."""

    def __init__(self, parts: list[FormPart]) -> None:
        super().__init__(parts)
        self.names: set[str] = set()

    def file(self, name: str) -> bytes:
        self.names.add(name)
        return super().file(name)

    def text(self, name: str) -> str | None:
        self.names.add(name)
        return super().text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        self.names.add(f"{name}[]")
        return super().texts(name)


def form(fields: dict[str, str]) -> RecordingForm:
    return RecordingForm([
        FormPart(name, None, b"audio") if name == "file" else FormPart(name, value, None) for name, value in
        fields.items()
    ])  # fmt: skip


def test_speech_takes_the_documented_fields_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordingFields, "names", set())
    monkeypatch.setattr(speech, "BodyFields", RecordingFields)
    speech.read_speech(SPEECH_EXAMPLE)
    documented = set(SCHEMAS["SpeechRequest"]["properties"])
    assert RecordingFields.names == documented == set(SPEECH_EXAMPLE)
    assert SCHEMAS["SpeechRequest"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (transcriptions.read_transcription, "TranscriptionRequest"),
        (transcriptions.read_translation, "TranslationRequest"),
    ],
)
def test_forms_take_the_documented_fields_and_no_other(read: Any, name: str) -> None:
    documented = set(SCHEMAS[name]["properties"])
    named: set[str] = set()
    for way in AUDIO:
        fields = documented - AUDIO | {way}
        sent = form({field: value for field, value in FORM_EXAMPLE.items() if field in fields})
        assert transcriptions.read_background(sent) is False
        read(sent)
        named |= sent.names
        assert sent.left() == ()
    assert named == documented


@pytest.mark.parametrize(
    ("path", "name"),
    [("/audio/transcriptions", "TranscriptionJsonRequest"), ("/audio/translations", "TranslationJsonRequest")],
)
def test_json_bodies_take_the_documented_types(handlers: dict[str, Any], path: str, name: str) -> None:
    fields = SCHEMAS[name]["properties"]
    as_form = set(SCHEMAS[name.replace("Json", "")]["properties"]) - {"file"}
    assert set(fields) == {field.removesuffix("[]") for field in as_form}
    wrong = {"string": 5, "number": "5", "boolean": "true", "array": "one"}
    for field in fields.keys() - AUDIO - {"chunking_strategy"}:
        body = {"model": "talker", "upload_id": "u", field: wrong[fields[field]["type"]]}
        answer = call(handlers[path.rpartition("/")[2]], json_event(path, body))
        assert (answer.status, answer.error["param"]) == (400, field)


def test_a_field_s_description_names_no_choice_that_it_does_not_have() -> None:
    described = {
        name: SCHEMAS[name]["properties"]["response_format"]
        for name in SCHEMAS
        if name.startswith("Trans") and "Request" in name
    }
    assert {name for name, field in described.items() if "diarized_json" in field["description"]} == {
        name for name, field in described.items() if "diarized_json" in field["enum"]
    }


def test_granularities_are_taken_with_verbose_json() -> None:
    sent = form({"file": "", "model": "m", "response_format": "verbose_json", "timestamp_granularities[]": "word"})
    assert transcriptions.read_transcription(sent).granularities == {"word"}
    assert sent.left() == ()


def test_chunking_takes_the_documented_members_and_no_other() -> None:
    (by_hand,) = (
        choice for choice in SCHEMAS["TranscriptionRequest"]["properties"]["chunking_strategy"]["oneOf"]
        if "properties" in choice
    )  # fmt: skip
    values = {"type": "server_vad", "prefix_padding_ms": 300, "silence_duration_ms": 200, "threshold": 0.5}
    assert set(by_hand["properties"]) == set(values)

    def read(members: dict[str, Any]) -> None:
        fields = {"file": "", "model": "m", "chunking_strategy": json.dumps(members)}
        transcriptions.read_transcription(form(fields))

    read(values)
    with pytest.raises(InvalidRequest, match="unknown member 'other'"):
        read(values | {"other": 1})
    for member in ("prefix_padding_ms", "silence_duration_ms", "threshold"):
        limit = by_hand["properties"][member]["maximum"]
        read(values | {member: limit})
        with pytest.raises(InvalidRequest):
            read(values | {member: limit + 1})


@pytest.mark.parametrize("name", ["model", "input", "voice"])
def test_required_fields_of_speech_are_required(name: str) -> None:
    assert name in SCHEMAS["SpeechRequest"]["required"]
    with pytest.raises(InvalidRequest) as caught:
        speech.read_speech({key: value for key, value in SPEECH_EXAMPLE.items() if key != name})
    assert caught.value.param == name


@pytest.mark.parametrize("name", ["file", "model"])
def test_required_fields_of_forms_are_required(name: str) -> None:
    for schema, read in (
        ("TranscriptionRequest", transcriptions.read_transcription),
        ("TranslationRequest", transcriptions.read_translation),
    ):
        assert SCHEMAS[schema]["required"] == ["model"]
        assert {way["required"][0] for way in SCHEMAS[schema]["oneOf"]} == AUDIO
        with pytest.raises(InvalidRequest) as caught:
            read(form({key: value for key, value in {"file": "", "model": "m"}.items() if key != name}))
        assert caught.value.param == name


def test_defaults_and_limits_of_speech_are_the_documented_ones() -> None:
    fields = SCHEMAS["SpeechRequest"]["properties"]
    bare = {name: SPEECH_EXAMPLE[name] for name in SCHEMAS["SpeechRequest"]["required"]}
    asked = speech.read_speech(bare)
    assert (asked.request.format, asked.request.speed, asked.stream_format, asked.background) == tuple(
        fields[name]["default"] for name in ("response_format", "speed", "stream_format", "background")
    )
    for name in ("response_format", "stream_format"):
        for value in fields[name]["enum"]:
            speech.read_speech(bare | {name: value})
        with pytest.raises(InvalidRequest):
            speech.read_speech(bare | {name: "other"})
    for value in (fields["speed"]["minimum"], fields["speed"]["maximum"]):
        assert speech.read_speech(bare | {"speed": value}).request.speed == value
    for name in ("input", "instructions"):
        longest = fields[name]["maxLength"]
        patient = bare | {"background": True}
        speech.read_speech(patient | {name: "a" * longest})
        with pytest.raises(InvalidRequest):
            speech.read_speech(patient | {name: "a" * (longest + 1)})
    speech.read_speech(bare | {"input": "a" * speech.MOST_BUFFERED_CHARACTERS})
    with pytest.raises(InvalidRequest):
        speech.read_speech(bare | {"input": "a" * (speech.MOST_BUFFERED_CHARACTERS + 1)})
    speech.read_speech(bare | {"input": "a" * fields["input"]["maxLength"]}, is_streamed=True)


@pytest.mark.parametrize("name", ["response_format", "stream", "timestamp_granularities[]", "include[]"])
def test_words_of_forms_are_the_documented_ones(name: str) -> None:
    field = SCHEMAS["TranscriptionRequest"]["properties"][name]
    for word in field.get("enum") or field["items"]["enum"]:
        needs = {"response_format": "verbose_json"} if name.startswith("timestamp") else {}
        transcriptions.read_transcription(form({"file": "", "model": "m", **needs, name: word}))
    with pytest.raises(InvalidRequest):
        transcriptions.read_transcription(form({"file": "", "model": "m", name: "other"}))


# ---------------------------------------------------------------- answers
def faults(value: Any, schema: dict[str, Any], where: str = "") -> list[str]:
    """How `value` differs from the schema; an undocumented field is a difference, too."""
    if "$ref" in schema:
        return faults(value, SCHEMAS[schema["$ref"].rsplit("/", 1)[1]], where)
    if "oneOf" in schema:
        found = [faults(value, choice, where) for choice in schema["oneOf"]]
        return [] if [] in found else min(found, key=len)
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    words = [schema["const"]] if "const" in schema else schema.get("enum", [value])
    if value not in words or not (any(is_kind(value, kind) for kind in kinds) or "const" in schema):
        return [f"{where} is {value!r}"]
    if isinstance(value, list):
        return [fault for item in value for fault in faults(item, schema["items"], f"{where}[]")]
    return faults_of_object(value, schema, where) if isinstance(value, dict) else []


def faults_of_object(value: dict[str, Any], schema: dict[str, Any], where: str) -> list[str]:
    if "properties" not in schema:
        others = schema["additionalProperties"]
        return [fault for name in value for fault in faults(value[name], others, f"{where}.{name}")]
    fields = schema["properties"]
    missing = [f"{where}.{name} is missing" for name in schema["required"] if name not in value]
    unknown = [f"{where}.{name} is not documented" for name in value if name not in fields]
    known = {name: it for name, it in value.items() if name in fields}
    return (
        missing + unknown + [fault for name in known for fault in faults(value[name], fields[name], f"{where}.{name}")]
    )


def is_kind(value: Any, kind: str) -> bool:
    types: dict[str, tuple[type, ...]] = {
        "number": (int, float),
        "integer": (int,),
        "string": (str,),
        "array": (list,),
        "object": (dict,),
        "null": (type(None),),
        "boolean": (bool,),
    }
    return isinstance(value, types[kind]) and (kind == "boolean") == isinstance(value, bool)


@pytest.fixture(scope="module")
def handlers() -> dict[str, Any]:
    return {name: lambda_handler(app, name) for name, app in apps().items()}


def fits(answer: Answer, path: str, method: str = "post") -> None:
    """Assert that status, headers, content type and body match the document."""
    documented = SPEC["paths"][path][method]["responses"][str(answer.status)]
    if "$ref" in documented:
        documented = SPEC["components"]["responses"][documented["$ref"].rsplit("/", 1)[1]]
    sent = {name for name in answer.headers if not name.startswith("access-control-")}  # which browsers read
    assert sent - {"content-type", "content-length", "cache-control"} <= set(documented["headers"])
    content_type = answer.headers["content-type"].partition(";")[0]
    schema = documented["content"][content_type]["schema"]
    if content_type == "application/json":
        assert faults(answer.json, schema) == []
    if content_type == "text/event-stream":
        frames = answer.body.decode().split("\r\n\r\n")
        assert frames[-2:] == ["data: [DONE]", ""]
        for frame in frames[:-2]:
            assert faults(json.loads(frame.removeprefix("data: ")), schema) == []


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if "examples" in schema])
def test_an_example_is_as_its_schema_says(name: str) -> None:
    for example in SCHEMAS[name]["examples"]:
        assert faults(example, SCHEMAS[name]) == []


def test_every_answer_in_json_has_an_example() -> None:
    for methods in SPEC["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
                for each in schema.get("oneOf", [schema] if schema else []):
                    assert SCHEMAS[each["$ref"].rsplit("/", 1)[1]]["examples"], operation["operationId"]


@pytest.mark.parametrize("response_format", SPEECH_FORMATS)
def test_answers_of_speech(handlers: dict[str, Any], response_format: str) -> None:
    body = SPEECH_EXAMPLE | {"response_format": response_format, "voice": {"id": "house"}}
    del body["instructions"]
    answer = call(handlers["speech"], json_event("/audio/speech", body))
    assert answer.status == 200
    fits(answer, "/audio/speech")
    documented = SPEC["paths"]["/audio/speech"]["post"]["responses"]["200"]["content"]
    assert set(documented) == {*CONTENT_TYPES.values(), "text/event-stream"}


def test_events_of_speech(handlers: dict[str, Any]) -> None:
    body = SPEECH_EXAMPLE | {"stream_format": "sse"}
    fits(call(handlers["speech"], json_event("/audio/speech", body)), "/audio/speech")


@pytest.mark.parametrize("name", ["transcriptions", "translations"])
@pytest.mark.parametrize("response_format", RESPONSE_FORMATS)
def test_answers_of_transcriptions(handlers: dict[str, Any], name: str, response_format: str) -> None:
    parts: list[tuple[str, Any]] = [
        ("model", "teller"), ("file", ("a.wav", b"audio")), ("response_format", response_format),
    ]  # fmt: skip
    if response_format == "json" and name == "transcriptions":
        parts += [("include[]", "logprobs")]
    if response_format == "verbose_json" and name == "transcriptions":
        parts += [("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")]
    path = f"/audio/{name}"
    answer = call(handlers[name], form_event(path, parts))
    fits(answer, path)
    assert answer.status == (400 if (name, response_format) == ("translations", "diarized_json") else 200)


@pytest.mark.parametrize("response_format", transcriptions.STREAMABLE)
def test_events_of_transcriptions(handlers: dict[str, Any], response_format: str) -> None:
    parts: list[tuple[str, Any]] = [
        ("model", "teller"), ("file", ("a.wav", b"audio")), ("response_format", response_format), ("stream", "true"),
    ]  # fmt: skip
    if response_format == "json":
        parts += [("include[]", "logprobs")]
    answer = call(handlers["transcriptions"], form_event("/audio/transcriptions", parts))
    assert answer.headers["content-type"].startswith("text/event-stream")
    fits(answer, "/audio/transcriptions")


def test_an_unknown_form_field_is_in_the_documented_header(handlers: dict[str, Any]) -> None:
    parts = [("model", "talker"), ("file", ("a.wav", b"audio")), ("colour", "red")]
    answer = call(handlers["transcriptions"], form_event("/audio/transcriptions", parts))
    assert answer.headers["x-audio-gateway-ignored"] == "colour"
    fits(answer, "/audio/transcriptions")


@pytest.mark.parametrize(
    ("name", "path", "asked"),
    [
        ("models", "/models", "/models"),
        ("models", "/models/{model}", "/models/talker"),
        ("voices", "/audio/voices", "/audio/voices"),
        ("usage", "/usage", "/usage"),
    ],
)
def test_answers_of_the_lists(handlers: dict[str, Any], name: str, path: str, asked: str) -> None:
    answer = call(handlers[name], event("GET", asked))
    assert answer.status == 200
    fits(answer, path, "get")


REPORTS = {
    "/organization/usage/audio_speeches": usage_query,
    "/organization/usage/audio_transcriptions": usage_query,
    "/organization/costs": costs_query,
    "/organization/ledger": export_query,
}
PARAMETERS = {
    "start_time": str(NOW_S - 1),
    "end_time": str(NOW_S + 1),
    "bucket_width": "1d",
    "limit": "1",
    "group_by[]": "project_id",
    "project_ids[]": "default",
    "api_key_ids[]": "key_1",
    "models[]": "talker",
    "user_ids[]": "user_1",
    "line_items[]": "talker, speech",
    "month": "2026-11",
    "project_id": "default",
}


def documented_parameters(path: str) -> dict[str, Any]:
    return {each["name"]: each for each in SPEC["paths"][path]["get"]["parameters"]}


@pytest.mark.parametrize(("path", "read"), REPORTS.items())
def test_reports_take_the_documented_parameters_and_no_other(
    path: str, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()

    class RecordingParameters(Parameters):
        def texts(self, name: str) -> tuple[str, ...]:
            asked.add(name)
            return super().texts(name)

    monkeypatch.setattr(sys.modules[read.__module__], "Parameters", RecordingParameters)
    documented = documented_parameters(path)
    read([(name, PARAMETERS[name]) for name in documented if name != "page"], NOW_S)
    assert asked == {name.removesuffix("[]") for name in documented}


@pytest.mark.parametrize(("path", "read"), REPORTS.items())
def test_required_parameters_of_reports_are_required(path: str, read: Any) -> None:
    (required,) = (name for name, each in documented_parameters(path).items() if each["required"])
    with pytest.raises(InvalidRequest) as caught:
        read([], NOW_S)
    assert caught.value.param == required


@pytest.mark.parametrize("path", REPORTS)
def test_words_and_limits_of_reports_are_the_documented_ones(path: str, handlers: dict[str, Any]) -> None:
    def status(**more: str) -> int:
        required = {name: PARAMETERS[name] for name, each in documented_parameters(path).items() if each["required"]}
        query = {name: [value] for name, value in {**required, **more}.items()}
        return call(handlers["usage"], event("GET", path, query=query, authorizer=ADMIN_CALLER)).status

    for name, each in documented_parameters(path).items():
        schema = each["schema"]
        for word in schema.get("enum", []) + schema.get("items", {}).get("enum", []):
            assert (status(**{name: word}), status(**{name: "other"})) == (200, 400), name
        if name in {"limit", "end_time"} and "maximum" in schema:
            most = schema["maximum"]
            assert (status(**{name: str(most)}), status(**{name: str(most + 1)})) == (200, 400), name


@pytest.mark.parametrize("path", REPORTS)
def test_answers_of_reports(path: str, handlers: dict[str, Any]) -> None:
    def answer(**query: list[str]) -> Answer:
        return call(handlers["usage"], event("GET", path, query=query, authorizer=ADMIN_CALLER))

    if path == "/organization/ledger":
        fits(answer(month=["2026-11"]), path, "get")
    else:
        groups = documented_parameters(path)["group_by[]"]["schema"]["items"]["enum"]
        for group_by in ({}, {"group_by": groups}):
            many, some = answer(start_time=["0"], **group_by), answer(start_time=[str(NOW_S)], **group_by)
            assert many.json["has_more"]
            assert some.json["data"][0]["results"]
            fits(many, path, "get")
            fits(some, path, "get")
    for refused in (
        answer(colour=["red"]),
        call(handlers["usage"], event("GET", path)),
        call(handlers["usage"], event("POST", path, authorizer=ADMIN_CALLER)),
    ):
        assert refused.status in {400, 403, 405}
        fits(refused, path, "get")


@pytest.mark.parametrize("name", ["speech", "transcriptions", "translations"])
def test_errors_are_documented(handlers: dict[str, Any], name: str) -> None:
    path = f"/audio/{name}"
    for request in (
        event("POST", path, authorizer={}),
        event("POST", path, b"{}", headers={"Content-Type": "text/plain"}),
        event("GET", path),
        json_event(path, b"{"),
        form_event(path, [("model", "unknown"), ("file", ("a.wav", b"audio"))]),
    ):
        fits(call(handlers[name], request), path)
