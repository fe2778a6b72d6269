"""API Gateway: its routes, its authorizer, its throttles and the responses that it generates itself."""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

import pytest

from audio_gateway.api.http import request_scope
from audio_gateway.metering.unusable_key import NOT_USABLE
from reference.openapi import document
from tests.infrastructure import template
from tests.infrastructure.conftest import OfType

ROUTES = {
    "/audio/speech": "SpeechFunction",
    "/audio/transcriptions": "TranscriptionsFunction",
    "/audio/translations": "TranslationsFunction",
    "/audio/jobs": "JobsFunction",
    "/audio/jobs/{job_id}": "JobsFunction",
    "/audio/jobs/{job_id}/cancel": "JobsFunction",
    "/audio/jobs/{job_id}/content": "JobsFunction",
    "/audio/uploads": "UploadsFunction",
    "/audio/uploads/{upload_id}": "UploadsFunction",
    "/audio/voices": "VoicesFunction",
    "/models": "ModelsFunction",
    "/models/{model+}": "ModelsFunction",
    "/organization/admin_api_keys": "AdminFunction",
    "/organization/admin_api_keys/{key_id}": "AdminFunction",
    "/organization/costs": "UsageFunction",
    "/organization/ledger": "UsageFunction",
    "/organization/projects": "AdminFunction",
    "/organization/projects/{project_id}": "AdminFunction",
    "/organization/projects/{project_id}/api_keys": "AdminFunction",
    "/organization/projects/{project_id}/api_keys/{key_id}": "AdminFunction",
    "/organization/projects/{project_id}/archive": "AdminFunction",
    "/organization/projects/{project_id}/service_accounts": "AdminFunction",
    "/organization/projects/{project_id}/service_accounts/{service_account_id}": "AdminFunction",
    "/organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys": "AdminFunction",
    "/organization/projects/{project_id}/webhook_endpoints": "WebhooksFunction",
    "/organization/projects/{project_id}/webhook_endpoints/{webhook_endpoint_id}": "WebhooksFunction",
    "/organization/usage/audio_speeches": "UsageFunction",
    "/organization/usage/audio_transcriptions": "UsageFunction",
    "/usage": "UsageFunction",
    "/webhook_endpoints": "WebhooksFunction",
    "/webhook_endpoints/{webhook_endpoint_id}": "WebhooksFunction",
    "/webhook_endpoints/{webhook_endpoint_id}/deliveries": "WebhooksFunction",
    "/webhook_endpoints/{webhook_endpoint_id}/rotate_secret": "WebhooksFunction",
    "/webhook_endpoints/{webhook_endpoint_id}/test": "WebhooksFunction",
    "/webhook_event_types": "WebhooksFunction",
}

# Every other path: an unknown URL is a 404, with any Authorization header or none.
CATCH_ALL = ("/", "/{proxy+}")
HEALTH = "/health"
REFUSAL = "$context.authorizer.refusal"
OPEN = (*CATCH_ALL, HEALTH)
"""The paths that need no key."""
METHODS_OF_A_STAGE = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""The methods that ANY stands for in a deployed API. The settings of a stage accept these, but not ANY."""

METHOD_OF_ARN = {"x-amazon-apigateway-any-method": "*"}
"""How the ARN of a method names it, where the definition has another name."""

# As OpenAI answers; where its API has no such error, as audio_gateway.api.http.errors answers the same mistake.
ANSWERS = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "invalid_request_error", "unknown_url"),
    "INVALID_SIGNATURE": (404, "invalid_request_error", "unknown_url"),
    "EXPIRED_TOKEN": (404, "invalid_request_error", "unknown_url"),
    "RESOURCE_NOT_FOUND": (404, "invalid_request_error", "unknown_url"),
    "UNAUTHORIZED": (401, "invalid_request_error", "invalid_api_key"),
    "INVALID_API_KEY": (401, "invalid_request_error", "invalid_api_key"),
    "ACCESS_DENIED": (401, "invalid_request_error", "invalid_api_key"),
    "WAF_FILTERED": (403, "request_forbidden", None),
    "REQUEST_TOO_LARGE": (413, "invalid_request_error", None),
    "UNSUPPORTED_MEDIA_TYPE": (415, "invalid_request_error", "unsupported_content_type"),
    "BAD_REQUEST_BODY": (400, "invalid_request_error", None),
    "BAD_REQUEST_PARAMETERS": (400, "invalid_request_error", None),
    "THROTTLED": (429, "requests", "rate_limit_exceeded"),
    "QUOTA_EXCEEDED": (429, "insufficient_quota", "insufficient_quota"),
    "INTEGRATION_TIMEOUT": (504, "server_error", "gateway_timeout"),
    "INTEGRATION_FAILURE": (502, "server_error", None),
    "AUTHORIZER_FAILURE": (500, "server_error", None),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "server_error", None),
    "API_CONFIGURATION_ERROR": (500, "server_error", None),
    # Without a status, which would replace the status of every type that is not listed.
    "DEFAULT_4XX": (None, "invalid_request_error", None),
    "DEFAULT_5XX": (None, "server_error", None),
}


@pytest.fixture
def api(of_type: OfType) -> dict[str, Any]:
    (properties,) = of_type("AWS::ApiGateway::RestApi").values()
    return template.decided(properties, StreamsResponses=True)  # test_streaming.py compares both values


@pytest.fixture
def stage(of_type: OfType) -> dict[str, Any]:
    (properties,) = of_type("AWS::ApiGateway::Stage").values()
    return properties


@pytest.fixture
def responses(api: dict[str, Any]) -> dict[str, Any]:
    return api["Body"]["x-amazon-apigateway-gateway-responses"]


def envelope_of(response: dict[str, Any]) -> dict[str, Any]:
    ((content_type, template),) = response["responseTemplates"].items()
    assert content_type == "application/json"
    return json.loads(template)


def integration_of(operation: dict[str, Any]) -> dict[str, Any]:
    return operation["x-amazon-apigateway-integration"]


def headers_of(response: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("gatewayresponse.header."): v for name, v in response["responseParameters"].items()}


def test_the_api_has_exactly_the_known_routes(api: dict[str, Any]) -> None:
    methods = {(path, method) for path, item in api["Body"]["paths"].items() for method in item}
    for_its_throttle = {("/audio/jobs/{job_id}/content", "get")}
    preflights = {(path, "options") for path in ROUTES}
    every = {(path, "x-amazon-apigateway-any-method") for path in [*ROUTES, *OPEN]}
    assert methods == every | preflights | for_its_throttle


def test_every_documented_path_is_a_route_and_every_route_is_documented(api: dict[str, Any]) -> None:
    documented, routes = ({re.sub(r"{.*?}", "{}", path) for path in paths}
                          for paths in (document()["paths"], set(api["Body"]["paths"]) - set(CATCH_ALL)))  # fmt: skip
    assert documented == routes


@pytest.mark.parametrize("path", ROUTES)
def test_a_preflight_reaches_the_function_of_its_route_without_a_key(path: str, api: dict[str, Any]) -> None:
    method = api["Body"]["paths"][path]["options"]
    assert method["security"] == [{"NONE": []}]
    assert f"${{{ROUTES[path]}.Arn}}" in integration_of(method)["uri"]["Fn::Sub"]


def test_a_preflight_comes_before_the_other_methods_of_its_path(source: dict[str, Any]) -> None:
    """`sam local start-api` merges the methods of a path and uses the authorizer of the last one."""
    paths = source["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    assert {path for path, methods in paths.items() if next(iter(methods)) == "options"} == set(ROUTES)


def invoked_through(permission: dict[str, Any], path: str, method: str) -> bool:
    """Whether API Gateway may call a function for a method of a path, by the permission's pattern."""
    pattern = permission["SourceArn"]["Fn::Sub"].split("${Api}/", 1)[1]
    asked = f"v1/{METHOD_OF_ARN.get(method, method.upper())}{re.sub(r'{.*?}', 'x', path)}"
    return fnmatch.fnmatchcase(asked, pattern)


def test_api_gateway_may_call_each_function_for_its_routes_and_nothing_else_may(
    api: dict[str, Any], source: dict[str, Any]
) -> None:
    permissions = [
        found["Properties"] for found in source["Resources"].values() if found["Type"] == "AWS::Lambda::Permission"
    ]
    asked = {
        (re.sub(r".*\$\{(\w+)\.Arn\}.*", r"\1", integration_of(operation)["uri"]["Fn::Sub"]), path, method)
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
    }
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["Action"] == "lambda:InvokeFunction"
        start = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/"
        assert permission["SourceArn"]["Fn::Sub"].startswith(start)
    used = set()
    for function, path, method in asked:
        fitting = [
            number
            for number, permission in enumerate(permissions)
            if permission["FunctionName"] == {"Ref": function} and invoked_through(permission, path, method)
        ]
        assert fitting, (function, path, method)
        used.update(fitting)
    assert used == set(range(len(permissions)))


def test_a_new_value_of_a_parameter_reaches_the_stage(source: dict[str, Any]) -> None:
    """SAM makes a new deployment if the text of the definition has changed, and a parameter's value is not in it."""
    assert source["Resources"]["Api"]["Properties"]["AlwaysDeploy"] is True


def test_the_functions_behind_the_api_get_the_allowed_origins(source: dict[str, Any]) -> None:
    for name in set(ROUTES.values()):
        variables = source["Resources"][name]["Properties"]["Environment"]["Variables"]
        assert variables["AUDIO_GATEWAY_ALLOWED_ORIGINS"] == {"Ref": "AllowedOrigins"}


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        ("*", True),
        ("https://app.example.com", True),
        ("https://a.example:8443, http://localhost:3000,capacitor://localhost", True),
        ("", False),
        ("app.example.com", False),
        ("https://app.example.com/", False),
        ("https://*.example.com", False),
        ("*,https://app.example.com", False),
    ],
)
def test_origins_that_no_browser_sends_are_refused_at_deployment(
    value: str, is_right: bool, source: dict[str, Any]
) -> None:
    parameter = source["Parameters"]["AllowedOrigins"]
    assert parameter["Default"] == "*"
    assert (re.fullmatch(parameter["AllowedPattern"], value) is not None) == is_right


def test_the_longest_list_of_origins_fits_into_the_environment_of_every_function(source: dict[str, Any]) -> None:
    longest = source["Parameters"]["AllowedOrigins"]["MaxLength"]
    for name in set(ROUTES.values()):
        variables = source["Resources"][name]["Properties"]["Environment"]["Variables"]
        arns = 200 * len(variables)  # for each other value, more than any of them is long
        assert longest + arns + sum(map(len, variables)) <= 4_096, name


@pytest.mark.parametrize("path", OPEN)
def test_unknown_urls_and_health_checks_reach_a_function_without_a_key(path: str, api: dict[str, Any]) -> None:
    method = api["Body"]["paths"][path]["x-amazon-apigateway-any-method"]
    assert method["security"] == [{"NONE": []}]
    assert "${ModelsFunction.Arn}" in method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]


def test_the_code_lists_the_catch_all_routes_of_the_template() -> None:
    assert set(CATCH_ALL) == request_scope.CATCH_ALL


@pytest.mark.parametrize("path", ROUTES)
def test_a_route_leads_to_its_function_past_the_authorizer(path: str, api: dict[str, Any]) -> None:
    method = api["Body"]["paths"][path]["x-amazon-apigateway-any-method"]
    assert method["security"] == [{"KeyAuthorizer": []}]
    integration = integration_of(method)
    assert integration["type"] == "aws_proxy"
    assert f"${{{ROUTES[path]}.Arn}}" in integration["uri"]["Fn::Sub"]


def test_the_authorizer_reads_the_authorization_header_and_is_cached_for_a_minute(api: dict[str, Any]) -> None:
    definition = api["Body"]["components"]["securitySchemes"]["KeyAuthorizer"]
    authorizer = definition["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "request"
    assert authorizer["identitySource"] == "method.request.header.Authorization"
    assert authorizer["authorizerResultTtlInSeconds"] == 60


def test_the_base_url_ends_in_v1(stage: dict[str, Any], source: dict[str, Any]) -> None:
    assert stage["StageName"] == "v1"
    assert source["Outputs"]["ApiBaseUrl"]["Value"]["Fn::Sub"].endswith("/v1")


def test_there_is_one_stage(of_type: OfType) -> None:
    assert len(of_type("AWS::ApiGateway::Stage")) == 1
    (deployment,) = of_type("AWS::ApiGateway::Deployment").values()
    assert "StageName" not in deployment


def test_all_media_types_are_binary(api: dict[str, Any]) -> None:
    assert api["BinaryMediaTypes"] == ["*~1*"]


def test_no_route_is_a_mock_integration(api: dict[str, Any]) -> None:
    for path, item in api["Body"]["paths"].items():
        for method in item.values():
            assert method["x-amazon-apigateway-integration"]["type"] == "aws_proxy", path


def test_the_api_is_regional_and_requires_modern_tls(api: dict[str, Any], source: dict[str, Any]) -> None:
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["SecurityPolicy"].startswith("SecurityPolicy_TLS13_")
    assert api["EndpointAccessMode"] == {"Ref": "EndpointAccessMode"}
    assert source["Parameters"]["EndpointAccessMode"]["Default"] == "BASIC"


def test_each_route_is_throttled_and_the_parameter_says_so(stage: dict[str, Any], source: dict[str, Any]) -> None:
    settings = stage["MethodSettings"][0]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert "each route" in source["Parameters"]["RequestsPerSecond"]["Description"].lower()
    assert settings["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "RequestsBurst"}
    assert "DataTraceEnabled" not in settings  # it would log keys and bodies


OPEN_SETTINGS = {"/", "/~1{proxy+}", "/~1health"}


def test_routes_without_a_key_are_throttled_for_every_method(stage: dict[str, Any]) -> None:
    unknown = [each for each in stage["MethodSettings"] if each["ResourcePath"] in OPEN_SETTINGS]
    assert {(each["HttpMethod"], each["ResourcePath"]) for each in unknown} == {
        (method, path) for method in METHODS_OF_A_STAGE for path in OPEN_SETTINGS
    }
    assert all(each["ThrottlingRateLimit"] <= 5 for each in unknown)  # anyone can invoke these


def test_every_throttle_names_a_method_that_stage_settings_accept(stage: dict[str, Any]) -> None:
    assert {each["HttpMethod"] for each in stage["MethodSettings"]} <= {"*", *METHODS_OF_A_STAGE}


def test_a_first_deployment_works_without_a_log_role_for_api_gateway(
    stage: dict[str, Any], source: dict[str, Any], rendered: dict[str, Any]
) -> None:
    condition, _, otherwise = stage["AccessLogSetting"]["Fn::If"]
    assert otherwise == {"Ref": "AWS::NoValue"}
    assert source["Conditions"][condition] == {
        "Fn::Or": [{"Fn::Equals": [{"Ref": "AccessLogs"}, "true"]}, {"Condition": "ManagesApiGatewayLogRole"}]
    }
    assert {source["Parameters"][name]["Default"] for name in ("AccessLogs", "ManageApiGatewayLogRole")} == {"false"}
    assert rendered["ApiGatewayAccount"]["Condition"] == "ManagesApiGatewayLogRole"


def test_waiting_for_a_job_has_its_own_throttle(
    stage: dict[str, Any], api: dict[str, Any], source: dict[str, Any]
) -> None:
    (settings,) = (each for each in stage["MethodSettings"] if each["ResourcePath"].startswith("/~1audio~1jobs"))
    assert settings["HttpMethod"] == "GET"
    path = settings["ResourcePath"].removeprefix("/").replace("~1", "/")
    assert path == "/audio/jobs/{job_id}/content"
    assert settings["HttpMethod"].lower() in api["Body"]["paths"][path]  # settings for a missing method have no effect
    assert settings["ThrottlingRateLimit"] == {"Ref": "WaitsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "WaitsBurst"}
    for waits, requests in (("WaitsPerSecond", "RequestsPerSecond"), ("WaitsBurst", "RequestsBurst")):
        assert source["Parameters"][waits]["Default"] >= 4 * source["Parameters"][requests]["Default"]


def test_access_logs_are_json_with_only_ids_and_numbers(stage: dict[str, Any]) -> None:
    _, setting, _ = stage["AccessLogSetting"]["Fn::If"]
    named = json.loads(setting["Format"])
    allowed = {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.responseLength",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.integrationStatus",
        "$context.authorizer.latency",
        "$context.authorizer.key_id",
        "$context.authorizer.project_id",
        "$context.error.responseType",
    }
    assert set(named.values()) == allowed
    assert setting["Format"].count("\n") == 0


def test_the_gateway_responses_are_exactly_these(responses: dict[str, Any]) -> None:
    assert set(responses) == set(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_gateway_response_has_openais_envelope(name: str, responses: dict[str, Any]) -> None:
    status, kind, code = ANSWERS[name]
    error = envelope_of(responses[name])["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == (kind, None, code)
    assert error["message"].endswith(".")
    assert responses[name].get("statusCode") == (None if status is None else str(status))


@pytest.mark.parametrize("name", ANSWERS)
def test_a_gateway_response_has_a_fixed_text_and_a_request_id(name: str, responses: dict[str, Any]) -> None:
    # A $context value with a quote in it would break the JSON. The authorizer's sentences are ours and have none.
    text = json.dumps(responses[name]["responseTemplates"])
    assert "$" not in (text.replace(REFUSAL, "") if name == "ACCESS_DENIED" else text)
    headers = headers_of(responses[name])
    assert headers["x-request-id"] == "context.requestId"
    assert all(value.startswith(("'", "context.")) for value in headers.values())


@pytest.mark.parametrize("name", ANSWERS)
def test_pages_of_all_origins_can_read_a_gateway_response_and_its_headers(name: str, responses: dict[str, Any]) -> None:
    headers = headers_of(responses[name])
    assert headers["access-control-allow-origin"] == "'*'"
    exposed = set(headers["access-control-expose-headers"].strip("'").split(", "))
    sent = {name for name in headers if not name.startswith("access-control-")}
    assert exposed == sent - {"x-content-type-options", "www-authenticate"}  # these are for the browser


def test_an_expired_or_disabled_key_gets_the_same_message_from_gateway_and_code(responses: dict[str, Any]) -> None:
    answer = envelope_of(responses["ACCESS_DENIED"])["error"]
    assert answer["message"] == NOT_USABLE.format(REFUSAL)
    assert headers_of(responses["ACCESS_DENIED"]) == headers_of(responses["UNAUTHORIZED"])


def test_a_401_says_how_to_authenticate(responses: dict[str, Any]) -> None:
    assert headers_of(responses["UNAUTHORIZED"])["www-authenticate"].startswith("'Bearer")
    assert "Authorization: Bearer" in envelope_of(responses["UNAUTHORIZED"])["error"]["message"]


@pytest.mark.parametrize("name", ["INTEGRATION_FAILURE", "AUTHORIZER_FAILURE"])
def test_responses_to_a_lack_of_environments_say_busy_and_try_again(name: str, responses: dict[str, Any]) -> None:
    message = envelope_of(responses[name])["error"]["message"].lower()
    assert "busy" in message
    assert "try again" in message
    assert "x-should-retry" not in headers_of(responses[name])


def test_a_429_has_a_retry_after(responses: dict[str, Any]) -> None:
    for name in ("THROTTLED", "QUOTA_EXCEEDED"):
        assert 1 <= int(headers_of(responses[name])["retry-after"].strip("'")) <= 60, name


def test_responses_that_a_retry_cannot_help_forbid_retries(responses: dict[str, Any]) -> None:
    never = {name for name in ANSWERS if headers_of(responses[name]).get("x-should-retry") == "'false'"}
    assert never == {"INTEGRATION_TIMEOUT", "QUOTA_EXCEEDED"}


def test_a_413_names_the_limit_and_the_remedy(responses: dict[str, Any]) -> None:
    for name in ("REQUEST_TOO_LARGE", "INTEGRATION_FAILURE"):
        message = envelope_of(responses[name])["error"]["message"]
        assert "about 4.5 MB" in message
        assert "POST /v1/audio/uploads" in message
        assert "upload_id" in message
