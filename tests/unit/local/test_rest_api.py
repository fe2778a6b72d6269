from __future__ import annotations

import copy
from typing import Any

import pytest

from local.intrinsics import Resolver
from local.rest_api import RestApi, from_template
from local.settings import StackError
from local.template import Template

URI = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Work.Arn}/invocations"
OPERATION: dict[str, Any] = {
    "x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": {"Fn::Sub": URI}},
    "security": [{"Keys": []}],
}
BODY: dict[str, Any] = {
    "paths": {"/things": {"x-amazon-apigateway-any-method": OPERATION, "parameters": []}},
    "components": {
        "securitySchemes": {
            "Keys": {
                "type": "apiKey",
                "x-amazon-apigateway-authorizer": {
                    "type": "request",
                    "authorizerUri": {"Fn::Sub": URI},
                    "identitySource": "method.request.header.Authorization, method.request.querystring.k",
                    "authorizerResultTtlInSeconds": 60,
                },
            }
        }
    },
    "x-amazon-apigateway-binary-media-types": ["*/*"],
    "x-amazon-apigateway-gateway-responses": {
        "UNAUTHORIZED": {
            "statusCode": "401",
            "responseParameters": {"gatewayresponse.header.x-id": "context.requestId", "gatewayresponse.path.x": "'y'"},
            "responseTemplates": {"application/json": {"Fn::Sub": "${AWS::Region}"}},
        }
    },
}
RESOLVER = Resolver(
    {"AWS::Region": "us-east-1", "AWS::AccountId": "000000000000"},
    {"Work.Arn": "arn:aws:lambda:us-east-1:000000000000:function:work-1"},
    {},
    {},
)


def read(body: dict[str, Any]) -> RestApi:
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}},
        "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"StageName": "v1", "Variables": {"a": "b"}}},
    }
    return from_template(Template(resources, {}, {}, {}), RESOLVER)


def changed(path: str, value: Any) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    node = body
    *parents, last = path.split(" ")
    for name in parents:
        node = node[name]
    node[last] = value
    return body


def test_routes_authorizers_and_gateway_responses_are_read() -> None:
    found = read(BODY)

    assert [(r.resource, r.method, r.function, r.authorizer, r.timeout_s) for r in found.routes] == [
        ("/things", "ANY", "work-1", "Keys", 29)
    ]
    authorizer = found.authorizers["Keys"]
    assert authorizer.function == "work-1"
    assert authorizer.identity_sources == ("method.request.header.Authorization", "method.request.querystring.k")
    assert authorizer.ttl_s == 60
    response = found.gateway_responses["UNAUTHORIZED"]
    assert (response.status, response.headers) == (401, {"x-id": "context.requestId"})
    assert response.templates == {"application/json": "us-east-1"}
    assert (found.stage, found.stage_variables, found.binary_media_types) == ("v1", {"a": "b"}, ("*/*",))


def test_swagger_2_and_the_timeout_of_a_route_are_read() -> None:
    body = changed("paths /things x-amazon-apigateway-any-method x-amazon-apigateway-integration timeoutInMillis", 500)
    body["securityDefinitions"] = body.pop("components")["securitySchemes"]

    found = read(body)

    assert found.routes[0].timeout_s == 0.5
    assert set(found.authorizers) == {"Keys"}


STREAMING_URI = URI.replace("2015-03-31", "2021-11-15").replace("/invocations", "/response-streaming-invocations")
INTEGRATION = "paths /things x-amazon-apigateway-any-method x-amazon-apigateway-integration"


def test_the_transfer_mode_of_a_route_is_read() -> None:
    integration = {"type": "aws_proxy", "uri": {"Fn::Sub": STREAMING_URI}, "responseTransferMode": "STREAM"}

    (found,) = read(changed(INTEGRATION, integration | {"timeoutInMillis": 900_000})).routes

    assert (found.function, found.streams, found.timeout_s) == ("work-1", True, 900)
    assert not read(changed(f"{INTEGRATION} responseTransferMode", "BUFFERED")).routes[0].streams


@pytest.mark.parametrize(
    "integration",
    [{"uri": {"Fn::Sub": URI}, "responseTransferMode": "STREAM"}, {"uri": {"Fn::Sub": STREAMING_URI}}],
)
def test_a_transfer_mode_that_contradicts_the_uri_is_refused(integration: dict[str, Any]) -> None:
    with pytest.raises(StackError, match=r"ANY /things has the response transfer mode (STREAM|BUFFERED), but calls"):
        read(changed(INTEGRATION, integration | {"type": "aws_proxy"}))


def test_a_route_may_have_no_authorizer() -> None:
    securities: tuple[list[dict[str, list[str]]], ...] = ([], [{"NONE": []}])
    for security in securities:
        body = changed("paths /things x-amazon-apigateway-any-method security", security)
        assert read(body).routes[0].authorizer is None


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (changed("paths /things get", {"x-amazon-apigateway-integration": {"type": "mock"}}), "GET /things"),
        (changed("paths /things x-amazon-apigateway-any-method security", [{"Other": []}]), "Other"),
        (changed("components securitySchemes Keys x-amazon-apigateway-authorizer type", "token"), "Keys"),
        (
            changed("paths /things x-amazon-apigateway-any-method x-amazon-apigateway-integration uri", "http://x"),
            "http://x",
        ),
    ],
)
def test_unsupported_features_are_refused_at_the_start(body: dict[str, Any], named: str) -> None:
    with pytest.raises(StackError, match=named):
        read(body)


def test_there_must_be_exactly_one_api() -> None:
    with pytest.raises(StackError, match="0 resources of type AWS::ApiGateway::RestApi"):
        from_template(Template({}, {}, {}, {}), RESOLVER)
