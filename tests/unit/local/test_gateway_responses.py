from __future__ import annotations

import json

import pytest

from local.gateway_responses import GatewayResponseError, render
from local.rest_api import GatewayResponse

VALUES = {"context.requestId": "r-1", "context.authorizer.key_id": "k-1", "method.request.header.X": "from the client"}


def test_template_status_headers_and_variables_are_filled_in() -> None:
    shape = GatewayResponse(
        404,
        {
            "x-request-id": "context.requestId",
            "retry-after": "'1'",
            "x": "method.request.header.X",
            "none": "context.no",
        },
        {"application/json": '{"m": $context.error.messageString, "id": "$context.requestId", "n": "${context.no}"}'},
    )

    found = render(
        GatewayResponseError("MISSING_AUTHENTICATION_TOKEN"), {"MISSING_AUTHENTICATION_TOKEN": shape}, VALUES.get
    )

    assert found.status == 404
    assert json.loads(found.body) == {"m": "Missing Authentication Token", "id": "r-1", "n": ""}
    headers = dict(found.headers)
    assert headers["x-request-id"] == "r-1"
    assert headers["retry-after"] == "1"
    assert headers["x"] == "from the client"
    assert "none" not in headers
    assert headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("response_type", "status"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", 403),
        ("UNAUTHORIZED", 401),
        ("ACCESS_DENIED", 403),
        ("AUTHORIZER_FAILURE", 500),
        ("REQUEST_TOO_LARGE", 413),
        ("INTEGRATION_TIMEOUT", 504),
        ("INTEGRATION_FAILURE", 504),
    ],
)
def test_without_a_definition_a_response_has_aws_default_status_and_body(response_type: str, status: int) -> None:
    error = GatewayResponseError(response_type)

    found = render(error, {}, VALUES.get)

    assert found.status == status
    assert json.loads(found.body) == {"message": error.message}
    assert ("Content-Type", "application/json") in found.headers


def test_the_default_of_the_class_applies_to_other_types_and_keeps_their_status() -> None:
    shapes = {
        "DEFAULT_4XX": GatewayResponse(None, {}, {"application/json": '{"kind": "$context.error.responseType"}'}),
        "DEFAULT_5XX": GatewayResponse(None, {}, {"application/json": '{"server": true}'}),
    }

    too_large = render(GatewayResponseError("REQUEST_TOO_LARGE"), shapes, VALUES.get)
    bad_answer = render(GatewayResponseError("DEFAULT_5XX", status=502), shapes, VALUES.get)

    assert (too_large.status, json.loads(too_large.body)) == (413, {"kind": "REQUEST_TOO_LARGE"})
    assert (bad_answer.status, json.loads(bad_answer.body)) == (502, {"server": True})


def test_a_header_of_the_template_replaces_the_gateways_own() -> None:
    shape = GatewayResponse(None, {"content-type": "'application/problem+json'"}, {})

    found = render(GatewayResponseError("UNAUTHORIZED"), {"UNAUTHORIZED": shape}, VALUES.get)

    assert [value for name, value in found.headers if name.lower() == "content-type"] == ["application/problem+json"]


def test_the_accepted_template_is_used() -> None:
    shape = GatewayResponse(None, {}, {"application/json": "{}", "text/plain": "no"})

    def body(accept: str) -> bytes:
        return render(GatewayResponseError("UNAUTHORIZED"), {"UNAUTHORIZED": shape}, VALUES.get, accept=accept).body

    assert body("text/plain;q=0.9, application/json") == b"no"
    assert body("*/*") == b"{}"
    assert body("") == b"{}"
