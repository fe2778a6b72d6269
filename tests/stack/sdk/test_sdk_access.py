"""Who may call, and what exists: keys, paths, methods, request ids."""

from __future__ import annotations

import http.client
from typing import Any

import pytest
from openai import AuthenticationError, NotFoundError, OpenAI, PermissionDeniedError

from tests.sound import phrase
from tests.stack.sdk.stack_keys import add_key
from tests.stack.sdk.wire import Wire

pytestmark = pytest.mark.stack

WRONG_KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ENDPOINTS = [
    ("POST", "/audio/speech"),
    ("POST", "/audio/transcriptions"),
    ("POST", "/audio/translations"),
    ("GET", "/models"),
    ("GET", "/models/espeak-ng"),
    ("GET", "/audio/voices"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_without_a_key_nothing_is_answered(stack: dict[str, Any], method: str, path: str) -> None:
    answer = Wire(stack["base_url"], None).call(method, path, b"{}", {"content-type": "application/json"})
    assert answer.status == 401
    assert answer.error["type"] == "invalid_request_error"
    assert "Bearer" in answer.error["message"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_wrong_key_is_named_as_such_and_not_repeated(stack: dict[str, Any], method: str, path: str) -> None:
    answer = Wire(stack["base_url"], WRONG_KEY).call(method, path, b"{}", {"content-type": "application/json"})
    assert answer.status == 401
    assert answer.error["code"] == "invalid_api_key"
    assert WRONG_KEY.encode() not in answer.body


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic Og==", "sk-x", "bearer\tsk-x", "Bearer My API Key", "Bearer " + "x" * 4_000,
     "Bearer \xe9\xe8"],
    ids=["empty", "scheme only", "no key", "basic", "no scheme", "tab", "spaces", "long", "latin"],
)  # fmt: skip
def test_no_authorization_header_but_the_right_one_opens(stack: dict[str, Any], authorization: str) -> None:
    wire = Wire(stack["base_url"], None)
    answer = wire.call("GET", "/models", headers={"Authorization": authorization})
    assert answer.status == 401
    assert answer.error["type"] == "invalid_request_error"


def test_the_sdk_raises_what_it_raises_for_openai(stack: dict[str, Any]) -> None:
    client = OpenAI(base_url=stack["base_url"], api_key=WRONG_KEY)
    with client, pytest.raises(AuthenticationError) as caught:
        client.models.list()
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id


def test_an_admin_key_is_not_for_audio(stack: dict[str, Any]) -> None:
    with (
        OpenAI(base_url=stack["base_url"], api_key=stack["admin_key"]) as client,
        pytest.raises(PermissionDeniedError) as caught,
    ):
        client.audio.speech.create(model="espeak-ng", voice="alloy", input="Hello.")
    assert caught.value.request_id


@pytest.mark.parametrize(
    "path", ["/audio/transcriptions", "/audio/translations", "/audio/speech", "/audio/voices", "/models"]
)
def test_an_admin_key_is_refused_before_the_request_is_read(stack: dict[str, Any], path: str) -> None:
    method = "GET" if path in ("/models", "/audio/voices") else "POST"
    answer = Wire(stack["base_url"], stack["admin_key"]).call(method, path, b"no form at all")
    assert answer.status == 403
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"status": "disabled"}, "disabled"), ({"limits": {"expires_at": 1_000_000_000}}, "expired on 2001-09-09")],
)
def test_a_key_that_may_not_be_used_is_a_401_that_says_why(
    stack: dict[str, Any], fields: dict[str, Any], why: str
) -> None:
    key = add_key(stack, **fields)
    with OpenAI(base_url=stack["base_url"], api_key=key) as client, pytest.raises(AuthenticationError) as caught:
        client.models.list()
    assert (caught.value.type, caught.value.code) == ("invalid_request_error", "invalid_api_key")
    assert why in caught.value.message
    assert caught.value.request_id
    assert key not in caught.value.response.text


def test_a_new_key_works_immediately(stack: dict[str, Any]) -> None:
    with OpenAI(base_url=stack["base_url"], api_key=add_key(stack, limits={"expires_at": 4_000_000_000})) as client:
        assert client.models.list().data


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/audio/speech", "POST"),
        ("PUT", "/audio/speech", "POST"),
        ("DELETE", "/audio/transcriptions", "POST"),
        ("PATCH", "/audio/translations", "POST"),
        ("POST", "/models", "GET"),
        ("DELETE", "/models/espeak-ng", "GET"),
        ("POST", "/audio/voices", "GET"),
    ],
)
def test_a_wrong_method_is_a_405_that_names_the_right_one(wire: Wire, method: str, path: str, allowed: str) -> None:
    answer = wire.call(method, path)
    assert answer.status == 405
    assert allowed in answer.headers["allow"].split(", ")
    assert method in answer.error["message"]


@pytest.mark.parametrize(
    "path",
    ["/", "/audio", "/audio/speech/", "/audio/speech/x", "/audio/music", "/chat/completions", "/AUDIO/speech",
     "//audio/speech", "/audio//speech", "/audio/%2e%2e/models", "/_stainless_unknown_path"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_a_404(wire: Wire, method: str, path: str) -> None:
    answer = wire.call(method, path)
    assert answer.status == 404
    assert answer.error["code"] == "unknown_url"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer sk-wrong", "Bearer", "Basic dXNlcjpwYXNz", "garbage",
     "AWS4-HMAC-SHA256 Credential=AKIAX/20261130/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/chat/completions", "/v1/models"])
def test_an_unknown_path_is_a_404_in_our_own_words_whatever_is_said_of_a_key(
    stack: dict[str, Any], path: str, authorization: str | None
) -> None:
    wire = Wire(stack["base_url"], None)
    answer = wire.call("GET", path, headers={} if authorization is None else {"Authorization": authorization})
    assert (answer.status, answer.error["code"]) == (404, "unknown_url")
    assert answer.error["message"] == f"Invalid URL (GET /v1{path})"
    assert answer.headers["x-request-id"].startswith("req_")


def test_the_sdk_raises_not_found_for_an_unknown_path(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.get("/_stainless_unknown_path", cast_to=object)
    assert caught.value.code == "unknown_url"


@pytest.mark.parametrize("path", ["/", "/v2/models", "/audio/speech"])
def test_outside_of_the_api_nothing_exists(stack: dict[str, Any], path: str) -> None:
    wire = Wire(stack["base_url"], stack["api_key"])
    connection = http.client.HTTPConnection(wire.host, wire.port, timeout=60)
    try:
        connection.request("GET", path, headers=wire.authorization())
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    assert response.status in (403, 404)  # API Gateway knows no stage of that name


def test_headers_that_sdks_send_are_no_obstacle(client: OpenAI) -> None:
    headers = {
        "OpenAI-Organization": "org-x",
        "OpenAI-Project": "proj_x",
        "X-Client-Request-Id": "abc-123",
        "Idempotency-Key": "once",
        "Accept": "application/octet-stream",
        "X-Stainless-Retry-Count": "2",
    }
    answer = client.audio.transcriptions.create(model="moonshine-tiny", file=("a.wav", phrase()), extra_headers=headers)
    assert answer.text


def test_a_client_cannot_choose_the_request_id(wire: Wire) -> None:
    answer = wire.call("GET", "/models", headers={"x-request-id": "mine", "x-amzn-requestid": "mine"})
    assert "mine" not in answer.headers["x-request-id"]


def test_a_client_cannot_choose_its_identity(stack: dict[str, Any]) -> None:
    headers = {"key_id": "key_1", "x-amzn-apigateway-authorizer": '{"kind": "api"}', "kind": "api"}
    assert Wire(stack["base_url"], None).call("GET", "/models", headers=headers).status == 401


def test_error_answers_keep_the_connection_usable(wire: Wire) -> None:
    connection = http.client.HTTPConnection(wire.host, wire.port, timeout=60)
    try:
        for expected in (404, 200, 404, 200):
            path = "/models" if expected == 200 else "/nothing"
            connection.request("GET", wire.prefix + path, headers=wire.authorization())
            response = connection.getresponse()
            response.read()
            assert response.status == expected
    finally:
        connection.close()
