from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.events import MalformedResponse, authorizer_event, parse_response, proxy_event, proxy_event_json
from local.routing import Match
from tests.unit.local.builders import api, call, route


def answer(**fields: Any) -> bytes:
    return json.dumps({"statusCode": 200, **fields}).encode()


def test_the_path_excludes_the_stage_and_the_context_includes_it() -> None:
    match = Match(route("/models/{model+}"), {"model": "a%2Fb"})

    event = proxy_event(call("/models/a%2Fb", match=match))

    assert event["path"] == "/models/a%2Fb"
    assert event["resource"] == "/models/{model+}"
    assert event["pathParameters"] == {"model": "a%2Fb"}
    assert event["requestContext"]["path"] == "/v1/models/a%2Fb"
    assert event["requestContext"]["resourcePath"] == "/models/{model+}"
    assert event["requestContext"]["stage"] == "v1"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["requestTimeEpoch"] == 1_795_254_771_500
    assert event["requestContext"]["requestTime"] == "21/Nov/2026:09:52:51 +0000"


def test_query_keeps_the_last_value_and_all_values_decoded() -> None:
    event = proxy_event(call(query="a=1&a=2&b=x%20y&empty=&B=z"))

    assert event["queryStringParameters"] == {"a": "2", "b": "x y", "empty": "", "B": "z"}
    assert event["multiValueQueryStringParameters"]["a"] == ["1", "2"]


def test_empty_fields_are_null_as_on_aws() -> None:
    event = proxy_event(call())

    for name in ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables"):
        assert event[name] is None
    assert event["body"] is None
    assert event["isBase64Encoded"] is False


def test_stage_variables_are_passed_on() -> None:
    assert proxy_event(call(of=api(variables={"colour": "red"})))["stageVariables"] == {"colour": "red"}


def test_headers_are_grouped_without_case_and_hop_by_hop_headers_are_dropped() -> None:
    headers = [
        ("authorization", "Bearer k"),
        ("X-Thing", "1"),
        ("x-thing", "2"),
        ("Connection", "keep-alive"),
        ("Content-Length", "0"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Proto", "https"),
    ]

    event = proxy_event(call(headers=headers))

    assert event["headers"]["Authorization"] == "Bearer k"
    assert event["headers"]["X-Thing"] == "2"
    assert event["multiValueHeaders"]["X-Thing"] == ["1", "2"]
    assert event["headers"]["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
    assert event["headers"]["X-Forwarded-Proto"] == "http"
    assert event["headers"]["X-Forwarded-Port"] == "8080"
    assert not {"connection", "content-length"} & {name.lower() for name in event["headers"]}


@given(st.binary(min_size=1))
def test_any_body_is_preserved_if_all_types_are_binary(body: bytes) -> None:
    event = proxy_event(call(body=body))

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [("audio/mpeg", True), ("AUDIO/MPEG; x=y", True), ("image/png", True), ("image/gif", False), ("text/plain", False)],
)
def test_only_binary_media_types_are_encoded(content_type: str, encoded: bool) -> None:
    narrow = api(binary=("audio/*", "image/png"))

    event = proxy_event(call(headers=[("Content-Type", content_type)], body="Grüße".encode(), of=narrow))

    assert event["isBase64Encoded"] is encoded
    assert encoded or event["body"] == "Grüße"


@pytest.mark.parametrize("binary", ["*/*", "audio/*"])
@pytest.mark.parametrize("body", [b"", b'"\xff\\', b"x" * 1_000])
def test_an_event_is_written_as_json(body: bytes, binary: str) -> None:
    found = call(body=body, of=api(binary=(binary,)))

    assert json.loads(bytes(proxy_event_json(found))) == proxy_event(found)


def test_authorizer_sees_the_request_without_its_body() -> None:
    event = authorizer_event(call(headers=[("Authorization", "Bearer k")], body=b"secret"))

    assert event["type"] == "REQUEST"
    assert event["methodArn"] == "arn:aws:execute-api:us-east-1:000000000000:local/v1/GET/things"
    assert event["headers"]["Authorization"] == "Bearer k"
    assert "body" not in event


def test_response_headers_merge_both_mappings_and_the_multi_valued_one_wins() -> None:
    payload = answer(headers={"A": "1", "B": 2, "C": True}, multiValueHeaders={"a": ["x", "y"]})

    headers = parse_response(payload, ["*/*"], "").headers

    assert headers == [("B", "2"), ("C", "true"), ("a", "x"), ("a", "y"), ("Content-Type", "application/json")]


def test_headers_of_the_gateway_are_remapped_or_dropped() -> None:
    payload = answer(headers={"WWW-Authenticate": "Bearer", "Content-Length": "3", "Transfer-Encoding": "chunked"})

    headers = dict(parse_response(payload, ["*/*"], "").headers)

    assert headers["x-amzn-Remapped-WWW-Authenticate"] == "Bearer"
    assert headers["x-amzn-Remapped-Content-Length"] == "3"
    assert not any("transfer-encoding" in name.lower() for name in headers)


@given(st.binary())
def test_a_base64_body_is_decoded_if_all_types_are_binary(body: bytes) -> None:
    payload = answer(body=base64.b64encode(body).decode(), isBase64Encoded=True)

    assert parse_response(payload, ["*/*"], "").body == body


def test_with_specific_binary_types_only_the_first_accepted_type_counts() -> None:
    payload = answer(body="AAEC", isBase64Encoded=True)

    assert parse_response(payload, ["audio/mpeg"], "audio/mpeg, */*").body == b"\0\1\2"
    assert parse_response(payload, ["audio/mpeg"], "*/*, audio/mpeg").body == b"AAEC"


def test_text_is_sent_as_utf8_and_a_204_has_no_body() -> None:
    assert parse_response(answer(body="Grüße 🎧"), ["*/*"], "").body == "Grüße 🎧".encode()
    assert parse_response(answer(statusCode=204, body="x"), ["*/*"], "").body == b""


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b"null",
        b"[]",
        b"{}",
        answer(statusCode=None),
        answer(statusCode=True),
        answer(statusCode=99),
        answer(statusCode=600),
        answer(statusCode="2o0"),
        answer(body={"a": 1}),
        answer(body="***", isBase64Encoded=True),
        answer(headers=["a"]),
        answer(headers={"a": {"b": "c"}}),
        answer(headers={"bad name": "x"}),
        answer(headers={"a": "x\r\nSet-Cookie: y"}),
        answer(headers={"a": "日本"}),
        answer(multiValueHeaders={"a": "x"}),
    ],
)
def test_an_invalid_result_is_a_malformed_response(payload: bytes) -> None:
    with pytest.raises(MalformedResponse):
        parse_response(payload, ["*/*"], "")
