"""The REST API of the template: routes, authorizers and gateway responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.intrinsics import Resolver
from local.settings import StackError
from local.template import Template

_DEFAULT_TIMEOUT_MS: Final = 29_000
# API Gateway calls InvokeWithResponseStream instead of Invoke.
_STREAMING_URI: Final = re.compile(r"/2021-11-15/functions/.*/response-streaming-invocations")
_FUNCTION_ARN: Final = re.compile(r"/functions/arn:[^/]*:function:([^:/]+)")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_HEADER: Final = "gatewayresponse.header."


@dataclass(frozen=True, slots=True)
class Route:
    """A method (or ANY) of a resource path such as /models/{model+}, and the function behind it.

    `timeout_s` limits the whole response. `streams`: the response is passed on while the function sends it.
    """

    resource: str
    method: str
    function: str
    authorizer: str | None
    timeout_s: float
    streams: bool = False


@dataclass(frozen=True, slots=True)
class AuthorizerDefinition:
    """A REQUEST authorizer. `identity_sources` are expressions such as method.request.header.Authorization."""

    name: str
    function: str
    identity_sources: tuple[str, ...]
    ttl_s: int


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """A response of the API itself. `status` is None for the default of the type."""

    status: int | None
    headers: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RestApi:
    """The definition that the local API Gateway serves."""

    api_id: str
    account_id: str
    region: str
    stage: str
    stage_variables: Mapping[str, str]
    routes: tuple[Route, ...]
    authorizers: Mapping[str, AuthorizerDefinition]
    gateway_responses: Mapping[str, GatewayResponse]
    binary_media_types: tuple[str, ...]


def from_template(template: Template, resolver: Resolver) -> RestApi:
    """Read the only REST API of the template.

    Raises `StackError` unless there is exactly one, and if it uses an unsupported feature.
    """
    _, api = _only(template, "AWS::ApiGateway::RestApi")
    _, stage = _only(template, "AWS::ApiGateway::Stage")
    body = resolver.resolve(api["Body"])
    # The translator writes OpenAPI 3 or Swagger 2, as the template asks.
    schemes = body.get("components", {}).get("securitySchemes", {}) | body.get("securityDefinitions", {})
    authorizers = dict(_authorizers(schemes))
    return RestApi(
        api_id="local",
        account_id=resolver.references["AWS::AccountId"],
        region=resolver.references["AWS::Region"],
        stage=resolver.resolve(stage["StageName"]),
        stage_variables=resolver.resolve(stage.get("Variables", {})),
        routes=tuple(_routes(body.get("paths", {}), authorizers)),
        authorizers=authorizers,
        gateway_responses={
            name: _gateway_response(definition)
            for name, definition in body.get("x-amazon-apigateway-gateway-responses", {}).items()
        },
        binary_media_types=tuple(body.get("x-amazon-apigateway-binary-media-types", ())),
    )


def _only(template: Template, resource_type: str) -> tuple[str, dict[str, Any]]:
    found = list(template.of_type(resource_type).items())
    if len(found) != 1:
        raise StackError(
            f"template.yaml has {len(found)} resources of type {resource_type}; the local stack serves one"
        )
    return found[0]


def _function(uri: str, where: str) -> str:
    match = _FUNCTION_ARN.search(uri)
    if match is None:
        raise StackError(f"template.yaml: {where} calls {uri}, which is not a Lambda function")
    return match.group(1)


def _authorizers(definitions: Mapping[str, Any]) -> Iterator[tuple[str, AuthorizerDefinition]]:
    for name, definition in definitions.items():
        authorizer = definition.get("x-amazon-apigateway-authorizer")
        if authorizer is None or authorizer.get("type") != "request":
            raise StackError(
                f"template.yaml: {name} is not a REQUEST authorizer, the only kind that the local stack supports"
            )
        sources = tuple(source.strip() for source in authorizer.get("identitySource", "").split(",") if source.strip())
        yield (
            name,
            AuthorizerDefinition(
                name=name,
                function=_function(authorizer["authorizerUri"], f"authorizer {name}"),
                identity_sources=sources,
                ttl_s=int(authorizer.get("authorizerResultTtlInSeconds", 300)),
            ),
        )


def _routes(paths: Mapping[str, Any], authorizers: Mapping[str, Any]) -> Iterator[Route]:
    for resource, operations in paths.items():
        for name, operation in operations.items():
            if name == "x-amazon-apigateway-any-method":
                yield _route(resource, "ANY", operation, authorizers)
            elif name in _METHODS:
                yield _route(resource, name.upper(), operation, authorizers)


def _route(resource: str, method: str, operation: Mapping[str, Any], authorizers: Mapping[str, Any]) -> Route:
    where = f"{method} {resource}"
    integration = operation.get("x-amazon-apigateway-integration", {})
    if integration.get("type") != "aws_proxy":
        raise StackError(
            f"template.yaml: {where} is not a Lambda proxy integration, the only kind that the local stack supports"
        )
    guards = [name for requirement in operation.get("security", []) for name in requirement if name != "NONE"]
    unknown = [name for name in guards if name not in authorizers]
    if unknown or len(guards) > 1:
        raise StackError(f"template.yaml: {where} is guarded by {guards}; the local stack knows {list(authorizers)}")
    streams = integration.get("responseTransferMode") == "STREAM"
    if streams != (_STREAMING_URI.search(integration["uri"]) is not None):
        mode = integration.get("responseTransferMode", "BUFFERED")
        raise StackError(
            f"template.yaml: {where} has the response transfer mode {mode}, but calls {integration['uri']}"
        )
    return Route(
        resource=resource,
        method=method,
        function=_function(integration["uri"], where),
        authorizer=guards[0] if guards else None,
        timeout_s=int(integration.get("timeoutInMillis", _DEFAULT_TIMEOUT_MS)) / 1000,
        streams=streams,
    )


def _gateway_response(definition: Mapping[str, Any]) -> GatewayResponse:
    status = definition.get("statusCode")
    return GatewayResponse(
        status=None if status is None else int(status),
        headers={
            name.removeprefix(_HEADER): str(value)
            for name, value in definition.get("responseParameters", {}).items()
            if name.startswith(_HEADER)
        },
        templates={media: str(text) for media, text in definition.get("responseTemplates", {}).items()},
    )
