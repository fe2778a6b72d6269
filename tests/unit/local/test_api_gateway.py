from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.api_gateway import MAX_BODY_BYTES, ApiGateway
from local.environments import Invocation, InvocationResult
from local.lambda_service import MAX_REQUEST_BYTES, EventTooLarge, TooManyRequests
from local.payloads import Payload
from local.rest_api import GatewayResponse
from tests.unit.local.builders import Client, Functions, api, route

ALLOW = {
    "principalId": "key_1",
    "policyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    "context": {"project": "p"},
}
KEY = [("Authorization", "Bearer k")]


def echo(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"X-Own": "1", "Content-Type": "text/plain"}, "body": json.dumps(event)}


def front(work: Any = echo, guard: Any = lambda _: ALLOW, **options: Any) -> tuple[Client, Functions]:
    functions = Functions(work=work, guard=guard)
    routes = (route("/things", authorizer="Keys"), route("/open/{rest+}"), route("/slow", timeout_s=0.01))
    return Client(ApiGateway(api(*routes, **options), functions.begin)), functions


def test_a_request_becomes_an_event_and_the_result_a_response_with_gateway_headers() -> None:
    client, _ = front()

    status, headers, body = client.request("POST", "/v1/things?a=1", headers=KEY, body=[b"ab", b"c"])

    event = json.loads(body)
    assert status == 200
    assert headers["x-own"] == "1"
    assert headers["content-type"] == "text/plain"
    assert headers["x-amzn-requestid"] == event["requestContext"]["requestId"]
    assert headers["x-amz-apigw-id"] == event["requestContext"]["extendedRequestId"]
    assert headers["x-amzn-trace-id"] == event["headers"]["X-Amzn-Trace-Id"]
    assert int(headers["content-length"]) == len(body)
    assert event["path"] == "/things"
    assert base64.b64decode(event["body"]) == b"abc"
    authorizer = event["requestContext"]["authorizer"]
    assert (authorizer["principalId"], authorizer["project"]) == ("key_1", "p")
    assert isinstance(authorizer["integrationLatency"], int)


def test_a_route_without_authorizer_needs_no_key() -> None:
    client, functions = front()

    status, _, body = client.request("GET", "/v1/open/a%2Fb/c")

    event = json.loads(body)
    assert status == 200
    assert event["pathParameters"] == {"rest": "a%2Fb/c"}
    assert "authorizer" not in event["requestContext"]
    assert functions.calls_of("guard") == 0


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1", "/v1/", "/", "/v2/things", "/things", "/v1things", "/v1//things"]
)
def test_an_unknown_resource_is_a_missing_authentication_token(path: str) -> None:
    responses = {"MISSING_AUTHENTICATION_TOKEN": GatewayResponse(404, {"x-id": "context.requestId"}, {})}
    client, functions = front(gateway_responses=responses)

    status, headers, _ = client.request("GET", path)

    assert status == 404
    assert headers["x-id"] == headers["x-amzn-requestid"]
    assert functions.events == []


def test_a_missing_key_gets_401_a_denied_one_403_and_a_broken_authorizer_500() -> None:
    denial = ALLOW | {"policyDocument": {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}}

    assert front()[0].request("GET", "/v1/things")[0] == 401
    assert front(guard=lambda _: denial)[0].request("GET", "/v1/things", headers=KEY)[0] == 403
    assert front(guard=lambda _: {})[0].request("GET", "/v1/things", headers=KEY)[0] == 500


@pytest.mark.parametrize(
    "answer",
    [
        "a string",
        {"statusCode": "many"},
        InvocationResult(b'{"errorType": "KeyError", "errorMessage": "x"}', "Unhandled"),
    ],
)
def test_a_failed_function_or_a_malformed_response_gets_502(answer: Any) -> None:
    client, _ = front(work=lambda _: answer)

    status, headers, body = client.request("GET", "/v1/open/x")

    assert status == 502
    assert headers["x-amzn-errortype"] == "InternalServerErrorException"
    assert json.loads(body) == {"message": "Internal server error"}


def test_a_slow_function_gets_504_and_keeps_running() -> None:
    finished: list[bool] = []
    release = asyncio.Event()

    async def slow(_: dict[str, Any]) -> dict[str, Any]:
        await release.wait()
        finished.append(True)
        return {"statusCode": 200}

    client, _ = front(work=slow)

    async def scenario() -> int:
        status, _, _ = await client.send("GET", "/v1/slow")
        assert not finished
        release.set()
        for _ in range(5):
            await asyncio.sleep(0)
        return status

    assert asyncio.run(scenario()) == 504
    assert finished == [True]


def test_a_body_may_have_ten_megabytes_and_not_one_byte_more() -> None:
    client, functions = front(work=lambda event: {"statusCode": 200, "body": str(len(event["body"]))})

    fits = client.request("POST", "/v1/open/x", body=[b"x" * MAX_BODY_BYTES])
    over = client.request("POST", "/v1/open/x", body=[b"x" * MAX_BODY_BYTES, b"x"])

    assert (fits[0], over[0]) == (200, 413)
    assert len(functions.events) == 1


def test_a_declared_length_over_the_limit_is_refused_before_the_body_is_read() -> None:
    client, functions = front()
    headers = [("Content-Length", str(MAX_BODY_BYTES + 1))]

    status, head, body = client.request("POST", "/v1/open/x", headers=headers, body=[b"x", b"x", b"x"])

    assert status == 413
    assert head["connection"] == "close"
    assert json.loads(body) == {"message": "Request Too Long"}
    assert client.sent_after_answer == 3  # the client could finish and read the response
    assert functions.events == []


def test_an_endless_body_gets_a_response_and_is_then_cut_off() -> None:
    chunk = b"x" * 1_048_576

    class Endless(list[bytes]):
        def __init__(self) -> None:
            super().__init__([chunk])
            self.taken = 0

        def __iter__(self) -> Iterator[bytes]:
            return iter([chunk] * 400)

    client, _ = front()

    status, _, _ = client.request("POST", "/v1/open/x", body=Endless())

    assert status == 413
    assert client.sent_after_answer == 256


def test_an_event_over_lambdas_limit_gets_413() -> None:
    def refuse(_: str, __: Payload, ___: str) -> Invocation:
        raise EventTooLarge

    client = Client(ApiGateway(api(route("/things")), refuse))

    assert client.request("POST", "/v1/things", body=[b"x" * (MAX_REQUEST_BYTES * 3 // 4)])[0] == 413


def test_a_used_up_quota_fails_the_integration_or_the_authorizer() -> None:
    def refuse(_: str, __: Payload, ___: str) -> Invocation:
        raise TooManyRequests

    client = Client(ApiGateway(api(route("/things"), route("/keys", authorizer="Keys")), refuse))

    assert client.request("GET", "/v1/things")[0] == 504  # API Gateway's own status, not the template's
    assert client.request("GET", "/v1/keys", headers=KEY)[0] == 500


def test_too_many_header_bytes_are_refused() -> None:
    client, functions = front()

    assert client.request("GET", "/v1/open/x", headers=[("X-Big", "x" * 10_241)])[0] == 413
    assert functions.events == []


def test_a_client_that_disconnects_while_sending_does_no_harm() -> None:
    client, functions = front()

    with pytest.raises(ConnectionAbortedError):
        client.request("POST", "/v1/open/x", body=[])
    assert functions.events == []


def test_a_fault_of_the_gateway_itself_gets_500_and_does_not_end_it(capfd: pytest.CaptureFixture[str]) -> None:
    client, _ = front(work=lambda _: 1 / 0)

    assert client.request("GET", "/v1/open/x")[0] == 500
    assert client.request("GET", "/v1/open/x")[0] == 500


def test_a_gateway_response_can_use_the_context_of_a_denial() -> None:
    verdict = ALLOW | {
        "policyDocument": {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]},
        "context": {"refusal": "It is disabled."},
    }
    template = {"application/json": '{"message": "No. $context.authorizer.refusal Ask."}'}
    client, _ = front(guard=lambda _: verdict, gateway_responses={"ACCESS_DENIED": GatewayResponse(401, {}, template)})
    for _ in range(2):  # the second is from the cache
        status, _, body = client.request("GET", "/v1/things", headers=KEY)
        assert (status, json.loads(body)["message"]) == (401, "No. It is disabled. Ask.")
