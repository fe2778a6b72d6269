"""Numbers, names, ids and headers that no client sends on purpose give a 4xx that names the error, and never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Request

from audio_gateway.api.admin.bodies import expiry_of, limits_of
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.form_body import read_form
from audio_gateway.api.http.json_body import MAX_FIELDS, read_object
from audio_gateway.api.http.pages import PageQuery
from audio_gateway.api.http.parameters import MAX_ID, Parameters
from audio_gateway.api.models import models_app
from audio_gateway.api.speech import read_speech
from audio_gateway.api.transcriptions import read_transcription
from audio_gateway.api.uploads import read_upload
from audio_gateway.api.usage.query import costs_query, usage_query
from audio_gateway.errors import InvalidRequest, RequestTooLarge
from tests.fakes.gateway import call, event
from tests.fakes.providers import catalog, model

NUMBERS = [
    "1" * 400,
    "-" + "1" * 400,
    "1" * 4_000,
    "1" * 5_000,
    "1e400",
    "-1e400",
    "1e-400",
    "Infinity",
    "-Infinity",
    "NaN",
]
SPEECH = '{"model": "m", "input": "i", "voice": "v", "speed": %s}'
HEARD = '{"model": "m", "upload_id": "u", %s}'


def of_speech(number: str) -> object:
    return read_speech(read_object("application/json", (SPEECH % number).encode()))


def of_transcription(field: str) -> Callable[[str], object]:
    return lambda number: read_transcription(read_form("application/json", (HEARD % (field % number)).encode()))


def of_form(name: str, value: str) -> Callable[[str], object]:
    def read(number: str) -> object:
        fields = {"model": "m", "upload_id": "u", name: value % number}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
        return read_transcription(read_form("multipart/form-data; boundary=b", "".join([*parts, "--b--\r\n"]).encode()))

    return read


def of_json(read: Callable[[dict[str, Any]], object], body: str) -> Callable[[str], object]:
    return lambda number: read(read_object("application/json", (body % number).encode()))


READERS: dict[str, Callable[[str], object]] = {
    "speed": of_speech,
    "temperature": of_transcription('"temperature": %s'),
    "threshold": of_transcription('"chunking_strategy": {"type": "server_vad", "threshold": %s}'),
    "padding": of_transcription('"chunking_strategy": {"type": "server_vad", "prefix_padding_ms": %s}'),
    "silence": of_transcription('"chunking_strategy": {"type": "server_vad", "silence_duration_ms": %s}'),
    "temperature of a form": of_form("temperature", "%s"),
    "threshold of a form": of_form("chunking_strategy", '{"type": "server_vad", "threshold": %s}'),
    "padding of a form": of_form("chunking_strategy", '{"type": "server_vad", "prefix_padding_ms": %s}'),
    "bytes": of_json(read_upload, '{"filename": "a", "bytes": %s}'),
    "expires_in_seconds": of_json(lambda body: expiry_of(BodyFields(body), 0), '{"expires_in_seconds": %s}'),
    **{
        name: of_json(lambda body: limits_of(BodyFields(body)), '{"limits": {"' + name + '": %s}}')
        for name in ("requests_per_minute", "audio_seconds_per_minute", "monthly_budget_usd", "models", "expires_at")
    },
    "limit": lambda number: Parameters([("limit", number)]).whole("limit", low=1, high=100),
    "start_time": lambda number: usage_query([("start_time", number)], 0),
    "end_time": lambda number: costs_query([("start_time", "0"), ("end_time", number)], 0),
}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12])
@pytest.mark.parametrize("reader", READERS)
def test_a_number_out_of_all_bounds_is_refused_or_means_nothing(reader: str, number: str) -> None:
    if number == "1e-400" and reader in {"temperature", "threshold", "threshold of a form", "temperature of a form"}:
        READERS[reader](number)  # it is 0
        return
    with pytest.raises((InvalidRequest, RequestTooLarge)) as caught:
        READERS[reader](number)
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    "body",
    [
        {f"f{number}": number for number in range(MAX_FIELDS + 1)},
        {"a": {f"f{number}": number for number in range(MAX_FIELDS)}},
        {"a": [{"b": number} for number in range(MAX_FIELDS)]},
    ],
)
def test_a_body_of_too_many_fields_is_refused_at_every_depth(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=f"more than {MAX_FIELDS} fields"):
        read_object("application/json", json.dumps(body).encode())


def test_as_many_fields_as_are_allowed_are_read() -> None:
    body = {f"f{number}": number for number in range(MAX_FIELDS)}
    assert read_object("application/json", json.dumps(body).encode()) == body


@pytest.fixture
def handler() -> Any:
    return lambda_handler(models_app(catalog=catalog(model("talker"))), "models")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "x:CANARY"},
        {"Host": "a:b:c"},
        {"Host": "[::1]:80"},
        {"Host": "x:" + "1" * 5_000},
        {"Host": "x:"},
        {"Host": "x", "X-Forwarded-Port": "CANARY"},
        {"X-Name": "half of a \ud800 pair, CANARY"},
    ],
)
def test_a_header_that_cannot_be_read_is_a_400_in_the_envelope_and_not_in_the_log(
    handler: Any, headers: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = call(handler, event("GET", "/models", headers={"Origin": "https://app.example.com", **headers}))
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert "Host" in answer.error["message"]
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["access-control-allow-origin"] == "*"
    out = capsys.readouterr().out
    assert '"status":400' in out
    assert "unexpected" not in out
    assert "CANARY" not in out


@pytest.mark.parametrize("query", [{"type": ["\ud800"]}, {"\udfff": ["1"]}, {"a": []}])
@pytest.mark.parametrize("path", ["/models", "/models/\ud800", "/models/%ff", "/models/%00", "", None])
def test_whatever_a_path_and_a_query_hold_there_is_an_answer(
    handler: Any, path: str | None, query: dict[str, list[str]]
) -> None:
    request = event("GET", "/models", query=query if query != {"a": []} else None)
    request |= {"path": path, "multiValueQueryStringParameters": query}
    assert 200 <= call(handler, request).status < 500


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate", "zstd", "gzip, gzip"])
def test_a_compressed_body_is_a_415_that_names_the_header(encoding: str) -> None:
    from tests.unit.api.test_speech import Gateway

    answer = Gateway().post({}, headers={"Content-Type": "application/json", "Content-Encoding": encoding})
    assert (answer.status, answer.error["param"]) == (415, "Content-Encoding")
    assert "Content-Encoding" in answer.error["message"]


def asked(**query: str) -> PageQuery:
    scope = {"type": "http", "query_string": "&".join(f"{name}={value}" for name, value in query.items()).encode()}
    return PageQuery.of(Request(scope))


def test_a_cursor_longer_than_an_id_is_refused() -> None:
    assert asked(after="a" * MAX_ID).after == "a" * MAX_ID
    with pytest.raises(InvalidRequest) as caught:
        asked(after="a" * (MAX_ID + 1))
    assert caught.value.param == "after"


def test_a_filter_longer_than_any_name_is_refused() -> None:
    with pytest.raises(InvalidRequest) as caught:
        usage_query([("start_time", "0"), ("api_key_ids[]", "k" * 3_000)], 1)
    assert caught.value.param == "api_key_ids"
    assert len(caught.value.message) < 400
