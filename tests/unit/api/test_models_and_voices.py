"""GET /models, /models/{id} and /audio/voices through the real handlers."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.models import models_app
from audio_gateway.api.voices import voices_app
from tests.fakes.gateway import API_CALLER, Answer, call, event
from tests.fakes.providers import LISTING, FakeAdapter, catalog, model


@pytest.fixture
def handlers() -> dict[str, Any]:
    found = catalog(
        model(
            "talker",
            provider=LISTING,
            voices={"alloy": "en-us", "house": "x"},
            languages=("en",),
            markup_percent="50",
        ),
        model("org/name x", voices={"anna": "anna"}, own_voices_only=True),
        model("hearer", endpoints=frozenset({"transcriptions"})),
    )
    provider = FakeAdapter()
    return {
        "models": lambda_handler(models_app(catalog=found), "models"),
        "voices": lambda_handler(voices_app(catalog=found, providers=lambda _: provider), "voices"),
    }


def get(handlers: dict[str, Any], name: str, path: str, **query: str) -> Answer:
    return call(handlers[name], event("GET", path, query={key: [value] for key, value in query.items()} or None))


def test_the_list_is_openais_with_additional_fields(handlers: dict[str, Any]) -> None:
    answer = get(handlers, "models", "/models", type="audio")
    assert answer.status == 200
    assert answer.json["object"] == "list"
    first = answer.json["data"][0]
    assert (first["id"], first["object"], first["owned_by"]) == ("talker", "model", "fake")
    assert isinstance(first["created"], int)
    assert first["endpoints"] == ["speech", "transcriptions", "translations"]
    assert first["voices"] == ["alloy", "house"]
    assert first["languages"] == ["en"]
    assert first["price"] == {"usd_per_million_characters": "22.5", "usd_per_minute": "0.009"}
    assert first["limits"] == {"max_bytes": None, "max_seconds": None, "max_characters": 4096}
    assert {"mp3", "json", "srt"} <= set(first["response_formats"])
    assert "words" in first["capabilities"]


@pytest.mark.parametrize("path", ["/models/org/name x", "/models/org%2Fname%20x", "/models/org%252Fname%2520x"])
def test_an_id_with_slashes_is_found_however_often_it_was_encoded(handlers: dict[str, Any], path: str) -> None:
    assert get(handlers, "models", path).json["id"] == "org/name x"


def test_an_unknown_model_is_a_404_with_param_model(handlers: dict[str, Any]) -> None:
    answer = get(handlers, "models", "/models/gpt-9")
    assert (answer.status, answer.error["code"], answer.error["param"]) == (404, "model_not_found", "model")


def test_no_model_at_all_is_an_unknown_url(handlers: dict[str, Any]) -> None:
    assert get(handlers, "models", "/models/").error["code"] == "unknown_url"


@pytest.mark.parametrize("authorizer", [{}, None])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/chat/completions", "/v1/models", "/v1/models/talker", "//models"])
def test_whatever_comes_by_the_route_for_everything_else_is_an_unknown_url(
    handlers: dict[str, Any], path: str, method: str, authorizer: dict[str, Any] | None
) -> None:
    request = event(method, path, authorizer=authorizer) | {"resource": "/" if path == "/" else "/{proxy+}"}
    answer = call(handlers["models"], request)
    assert (answer.status, answer.error["code"]) == (404, "unknown_url")
    assert answer.error["message"] == f"Invalid URL ({method} /v1{path})"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_monitor_without_a_key_reads_that_the_service_is_up_and_nothing_else(
    handlers: dict[str, Any], method: str
) -> None:
    answer = call(handlers["models"], event(method, "/health", authorizer={}))
    assert (answer.status, answer.json) == (200, {"object": "health", "status": "ok"})


def test_another_type_is_refused(handlers: dict[str, Any]) -> None:
    assert get(handlers, "models", "/models", type="text").error["param"] == "type"


@pytest.mark.parametrize(
    ("name", "path"), [("models", "/models"), ("models", "/models/talker"), ("voices", "/audio/voices")]
)
def test_only_get_is_allowed_and_only_for_key_holders(handlers: dict[str, Any], name: str, path: str) -> None:
    answer = call(handlers[name], event("DELETE", path))
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert call(handlers[name], event("GET", path, authorizer={})).status == 401


def test_voices_are_the_catalogues_names_and_the_providers_own(handlers: dict[str, Any]) -> None:
    voices = {voice["id"]: voice for voice in get(handlers, "voices", "/audio/voices", model="talker").json["data"]}
    assert voices["alloy"] == {
        "id": "alloy", "object": "audio.voice", "name": "alloy", "language": "en-US", "gender": "male",
        "openai_name": "alloy",
    }  # fmt: skip
    assert voices["house"]["openai_name"] is None
    assert voices["en-us"]["name"] == "English (America)"


def test_a_model_with_voices_of_its_own_lists_only_those(handlers: dict[str, Any]) -> None:
    voices = get(handlers, "voices", "/audio/voices", model="org/name x").json["data"]
    assert [voice["id"] for voice in voices] == ["anna"]


def test_without_a_model_the_voices_of_all_are_listed_once(handlers: dict[str, Any]) -> None:
    ids = [voice["id"] for voice in get(handlers, "voices", "/audio/voices").json["data"]]
    assert set(ids) == {"alloy", "house", "en-us", "anna"}
    assert len(ids) == len(set(ids))


def test_the_voices_of_a_model_that_does_not_speak_are_a_404(handlers: dict[str, Any]) -> None:
    for asked in ("hearer", "nobody"):
        assert get(handlers, "voices", "/audio/voices", model=asked).error["code"] == "model_not_found"


def test_a_provider_with_a_key_is_not_called_for_voices_as_this_function_may_not_read_keys() -> None:
    def nobody(_: object) -> object:
        raise AssertionError("the key would be read")

    found = catalog(model("table", voices={"alloy": "a"}), model("any"))
    handler = lambda_handler(voices_app(catalog=found, providers=nobody), "voices")
    answer = call(handler, event("GET", "/audio/voices"))
    assert [voice["id"] for voice in answer.json["data"]] == ["alloy"]


def test_voices_are_also_listed_for_clients_that_read_names(handlers: dict[str, Any]) -> None:
    found = get(handlers, "voices", "/audio/voices").json
    assert found["voices"]
    assert found["voices"] == [{"id": voice["id"], "name": voice["name"]} for voice in found["data"]]


@pytest.mark.parametrize("expires_at", ["1", "1700000000"])
def test_a_key_that_expired_while_the_authorizer_is_remembered_is_a_401(
    handlers: dict[str, Any], expires_at: str
) -> None:
    answer = call(handlers["models"], event("GET", "/models", authorizer={**API_CALLER, "expires_at": expires_at}))
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert "expired" in answer.error["message"]


@pytest.mark.parametrize("expires_at", ["99999999999", "", "soon", None])
def test_a_key_that_has_not_expired_is_let_in(handlers: dict[str, Any], expires_at: str | None) -> None:
    answer = call(handlers["models"], event("GET", "/models", authorizer={**API_CALLER, "expires_at": expires_at}))
    assert answer.status == 200
