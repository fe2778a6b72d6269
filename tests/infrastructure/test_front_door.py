"""API Gateway: its routes, who may pass, and the answers that it gives by itself."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from audio_gateway.api.http import request_scope
from audio_gateway.metering.unusable_key import NOT_USABLE
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

# Every other path: an unknown URL is a 404 whatever the Authorization header is, also where there is none.
CATCH_ALL = ("/", "/{proxy+}")
HEALTH = "/health"
REFUSAL = "$context.authorizer.refusal"
OPEN = (*CATCH_ALL, HEALTH)
"""What takes no key."""
METHODS_OF_A_STAGE = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What ANY becomes when an API is deployed. The settings of a stage take these and no ANY."""

# Contract section 7; where it is silent, what audio_gateway.api.http.errors says of the same mistake.
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
    # Without a status of its own: it would replace the right one of every type that is not named.
    "DEFAULT_4XX": (None, "invalid_request_error", None),
    "DEFAULT_5XX": (None, "server_error", None),
}


@pytest.fixture
def api(of_type: OfType) -> dict[str, Any]:
    (properties,) = of_type("AWS::ApiGateway::RestApi").values()
    return properties


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


def headers_of(response: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("gatewayresponse.header."): v for name, v in response["responseParameters"].items()}


def test_the_routes_are_the_known_resources(api: dict[str, Any]) -> None:
    methods = {(path, method) for path, item in api["Body"]["paths"].items() for method in item}
    of_its_own = {("/audio/jobs/{job_id}/content", "get")}  # for its throttle
    preflights = {(path, "options") for path in ROUTES}
    every = {(path, "x-amazon-apigateway-any-method") for path in [*ROUTES, *OPEN]}
    assert methods == every | preflights | of_its_own


@pytest.mark.parametrize("path", ROUTES)
def test_a_preflight_comes_to_the_route_s_own_function_without_a_key(path: str, api: dict[str, Any]) -> None:
    method = api["Body"]["paths"][path]["options"]
    assert method["security"] == [{"NONE": []}]
    assert f"${{{ROUTES[path]}.Arn}}" in method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]


def test_a_preflight_stands_before_the_other_methods_of_its_path(source: dict[str, Any]) -> None:
    """`sam local start-api` joins the methods of a path, and asks the authorizer of the one that it read last."""
    for name in set(ROUTES.values()):
        seen: dict[str, list[str]] = {}
        for event in source["Resources"][name]["Properties"]["Events"].values():
            if event["Type"] == "Api":
                seen.setdefault(event["Properties"]["Path"], []).append(event["Properties"]["Method"].upper())
        assert all(methods[0] == "OPTIONS" for path, methods in seen.items() if path in ROUTES), seen


def test_the_functions_behind_the_api_know_the_origins(source: dict[str, Any]) -> None:
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
def test_origins_that_no_browser_sends_are_refused_when_they_are_deployed(
    value: str, is_right: bool, source: dict[str, Any]
) -> None:
    parameter = source["Parameters"]["AllowedOrigins"]
    assert parameter["Default"] == "*"
    assert (re.fullmatch(parameter["AllowedPattern"], value) is not None) == is_right


def test_the_longest_list_of_origins_fits_into_the_environment_of_every_function(source: dict[str, Any]) -> None:
    longest = source["Parameters"]["AllowedOrigins"]["MaxLength"]
    for name in set(ROUTES.values()):
        variables = source["Resources"][name]["Properties"]["Environment"]["Variables"]
        arns = 200 * len(variables)  # of other values, more than any of them has
        assert longest + arns + sum(map(len, variables)) <= 4_096, name


@pytest.mark.parametrize("path", OPEN)
def test_unknown_urls_and_monitors_are_answered_by_a_function_of_ours_before_any_look_at_a_key(
    path: str, api: dict[str, Any]
) -> None:
    method = api["Body"]["paths"][path]["x-amazon-apigateway-any-method"]
    assert method["security"] == [{"NONE": []}]
    assert "${ModelsFunction.Arn}" in method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]


def test_the_function_knows_the_routes_of_unknown_urls() -> None:
    assert set(CATCH_ALL) == request_scope.CATCH_ALL


@pytest.mark.parametrize("path", ROUTES)
def test_a_route_leads_to_its_function_past_the_authorizer(path: str, api: dict[str, Any]) -> None:
    method = api["Body"]["paths"][path]["x-amazon-apigateway-any-method"]
    assert method["security"] == [{"KeyAuthorizer": []}]
    integration = method["x-amazon-apigateway-integration"]
    assert integration["type"] == "aws_proxy"
    assert f"${{{ROUTES[path]}.Arn}}" in integration["uri"]["Fn::Sub"]


def test_the_authorizer_looks_at_the_authorization_header_once_a_minute(api: dict[str, Any]) -> None:
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


def test_bytes_pass_unharmed_in_both_directions(api: dict[str, Any]) -> None:
    assert api["BinaryMediaTypes"] == ["*~1*"]


def test_no_route_is_a_mock_that_the_binary_types_would_break(api: dict[str, Any]) -> None:
    for path, item in api["Body"]["paths"].items():
        for method in item.values():
            assert method["x-amazon-apigateway-integration"]["type"] == "aws_proxy", path


def test_the_api_is_regional_and_wants_modern_tls(api: dict[str, Any], source: dict[str, Any]) -> None:
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["SecurityPolicy"].startswith("SecurityPolicy_TLS13_")
    assert api["EndpointAccessMode"] == {"Ref": "EndpointAccessMode"}
    assert source["Parameters"]["EndpointAccessMode"]["Default"] == "BASIC"


def test_each_route_is_throttled_and_the_parameter_says_that_it_is_each(
    stage: dict[str, Any], source: dict[str, Any]
) -> None:
    settings = stage["MethodSettings"][0]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert "each route" in source["Parameters"]["RequestsPerSecond"]["Description"].lower()
    assert settings["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "RequestsBurst"}
    assert "DataTraceEnabled" not in settings  # it would log keys and bodies


OPEN_SETTINGS = {"/", "/~1{proxy+}", "/~1health"}


def test_what_takes_no_key_is_throttled_whatever_its_method_is(stage: dict[str, Any]) -> None:
    unknown = [each for each in stage["MethodSettings"] if each["ResourcePath"] in OPEN_SETTINGS]
    assert {(each["HttpMethod"], each["ResourcePath"]) for each in unknown} == {
        (method, path) for method in METHODS_OF_A_STAGE for path in OPEN_SETTINGS
    }
    assert all(each["ThrottlingRateLimit"] <= 5 for each in unknown)  # anybody can have these invoked


def test_every_throttle_is_of_a_method_that_a_stage_has(stage: dict[str, Any]) -> None:
    assert {each["HttpMethod"] for each in stage["MethodSettings"]} <= {"*", *METHODS_OF_A_STAGE}


def test_a_first_deployment_works_in_an_account_whose_api_gateway_has_no_role_for_logs(
    stage: dict[str, Any], source: dict[str, Any], rendered: dict[str, Any]
) -> None:
    condition, _, otherwise = stage["AccessLogSetting"]["Fn::If"]
    assert otherwise == {"Ref": "AWS::NoValue"}
    assert source["Conditions"][condition] == {
        "Fn::Or": [{"Fn::Equals": [{"Ref": "AccessLogs"}, "true"]}, {"Condition": "ManagesApiGatewayLogRole"}]
    }
    assert {source["Parameters"][name]["Default"] for name in ("AccessLogs", "ManageApiGatewayLogRole")} == {"false"}
    assert rendered["ApiGatewayAccount"]["Condition"] == "ManagesApiGatewayLogRole"


def test_who_waits_for_a_job_is_throttled_apart_from_all_others(
    stage: dict[str, Any], api: dict[str, Any], source: dict[str, Any]
) -> None:
    (settings,) = (each for each in stage["MethodSettings"] if each["ResourcePath"].startswith("/~1audio~1jobs"))
    assert settings["HttpMethod"] == "GET"
    path = settings["ResourcePath"].removeprefix("/").replace("~1", "/")
    assert path == "/audio/jobs/{job_id}/content"
    assert settings["HttpMethod"].lower() in api["Body"]["paths"][path]  # settings of no method have no effect
    assert settings["ThrottlingRateLimit"] == {"Ref": "WaitsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "WaitsBurst"}
    for waits, requests in (("WaitsPerSecond", "RequestsPerSecond"), ("WaitsBurst", "RequestsBurst")):
        assert source["Parameters"][waits]["Default"] >= 4 * source["Parameters"][requests]["Default"]


def test_access_logs_are_json_of_ids_and_numbers(stage: dict[str, Any]) -> None:
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


def test_every_gateway_response_is_shaped(responses: dict[str, Any]) -> None:
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
def test_a_gateway_response_has_fixed_words_and_a_request_id(name: str, responses: dict[str, Any]) -> None:
    # A $context value with a quote in it would break the JSON. The authorizer's are sentences of ours.
    told = json.dumps(responses[name]["responseTemplates"])
    assert "$" not in (told.replace(REFUSAL, "") if name == "ACCESS_DENIED" else told)
    headers = headers_of(responses[name])
    assert headers["x-request-id"] == "context.requestId"
    assert all(value.startswith(("'", "context.")) for value in headers.values())


@pytest.mark.parametrize("name", ANSWERS)
def test_pages_can_read_what_the_gateway_says_and_all_of_its_headers(name: str, responses: dict[str, Any]) -> None:
    headers = headers_of(responses[name])
    assert headers["access-control-allow-origin"] == "'*'"
    exposed = set(headers["access-control-expose-headers"].strip("'").split(", "))
    told = {name for name in headers if not name.startswith("access-control-")}
    assert exposed == told - {"x-content-type-options", "www-authenticate"}  # for the browser itself


def test_a_key_that_expired_or_was_disabled_reads_the_same_wherever_it_is_noticed(responses: dict[str, Any]) -> None:
    answer = envelope_of(responses["ACCESS_DENIED"])["error"]
    assert answer["message"] == NOT_USABLE.format(REFUSAL)
    assert headers_of(responses["ACCESS_DENIED"]) == headers_of(responses["UNAUTHORIZED"])


def test_a_401_says_how_to_authenticate(responses: dict[str, Any]) -> None:
    assert headers_of(responses["UNAUTHORIZED"])["www-authenticate"].startswith("'Bearer")
    assert "Authorization: Bearer" in envelope_of(responses["UNAUTHORIZED"])["error"]["message"]


@pytest.mark.parametrize("name", ["INTEGRATION_FAILURE", "AUTHORIZER_FAILURE"])
def test_what_a_lack_of_environments_answers_says_that_it_is_busy_and_to_try_again(
    name: str, responses: dict[str, Any]
) -> None:
    message = envelope_of(responses[name])["error"]["message"].lower()
    assert "busy" in message
    assert "try again" in message
    assert "x-should-retry" not in headers_of(responses[name])


def test_a_429_says_when_to_come_back(responses: dict[str, Any]) -> None:
    for name in ("THROTTLED", "QUOTA_EXCEEDED"):
        assert 1 <= int(headers_of(responses[name])["retry-after"].strip("'")) <= 60, name


def test_what_a_retry_cannot_help_is_not_retried(responses: dict[str, Any]) -> None:
    never = {name for name in ANSWERS if headers_of(responses[name]).get("x-should-retry") == "'false'"}
    assert never == {"INTEGRATION_TIMEOUT", "QUOTA_EXCEEDED"}


def test_a_413_names_the_limit_and_the_remedy(responses: dict[str, Any]) -> None:
    for name in ("REQUEST_TOO_LARGE", "INTEGRATION_FAILURE"):
        message = envelope_of(responses[name])["error"]["message"]
        assert "about 4.5 MB" in message
        assert "POST /v1/audio/uploads" in message
        assert "upload_id" in message
