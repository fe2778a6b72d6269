from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local.authorizer import CachingAuthorizer, evaluate
from local.environments import InvocationResult
from local.gateway_responses import GatewayResponseError
from tests.unit.local.builders import KEY_AUTHORIZER, Functions, call

EVERYTHING = "arn:aws:execute-api:us-east-1:000000000000:local/v1/*"
ARN = "arn:aws:execute-api:us-east-1:000000000000:local/v1/GET/things"


def policy(effect: str = "Allow", resource: Any = EVERYTHING, action: Any = "execute-api:Invoke") -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]}


def verdict(effect: str = "Allow", **fields: Any) -> dict[str, Any]:
    return {"principalId": "key_1", "policyDocument": policy(effect), **fields}


class ManualClock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def authorize(authorizer: CachingAuthorizer, key: str | None = "Bearer k") -> dict[str, Any]:
    headers = [] if key is None else [("Authorization", key)]
    return asyncio.run(authorizer.authorize(call(headers=headers)))


def refusal(authorizer: CachingAuthorizer, key: str | None = "Bearer k") -> str:
    with pytest.raises(GatewayResponseError) as caught:
        authorize(authorizer, key)
    return caught.value.response_type


def test_context_reaches_the_function_as_strings_with_the_principal() -> None:
    functions = Functions(guard=lambda _: verdict(context={"n": 1, "f": 0.5, "b": True, "s": "x", "nothing": None}))

    context = authorize(CachingAuthorizer(KEY_AUTHORIZER, functions))

    assert context == {"principalId": "key_1", "n": "1", "f": "0.5", "b": "true", "s": "x", "nothing": None}


@pytest.mark.parametrize("key", [None, ""])
def test_without_identity_the_function_is_not_called(key: str | None) -> None:
    functions = Functions(guard=lambda _: verdict())

    assert refusal(CachingAuthorizer(KEY_AUTHORIZER, functions), key) == "UNAUTHORIZED"
    assert functions.events == []


def test_a_policy_is_cached_per_identity_until_it_expires() -> None:
    clock, functions = ManualClock(), Functions(guard=lambda _: verdict())
    authorizer = CachingAuthorizer(KEY_AUTHORIZER, functions, clock)

    for key, now, expected in [("a", 0, 1), ("a", 59.9, 1), ("b", 59.9, 2), ("a", 60, 3)]:
        clock.now = now
        authorize(authorizer, key)
        assert functions.calls_of("guard") == expected


def test_a_denial_is_cached_and_a_raised_unauthorized_is_not() -> None:
    answers = [
        verdict("Deny"),
        InvocationResult(b'{"errorMessage": "Unauthorized", "errorType": "Exception"}', "Unhandled"),
    ]
    denying, raising = Functions(guard=lambda _: answers[0]), Functions(guard=lambda _: answers[1])
    first, second = CachingAuthorizer(KEY_AUTHORIZER, denying), CachingAuthorizer(KEY_AUTHORIZER, raising)

    assert [refusal(first) for _ in range(2)] == ["ACCESS_DENIED"] * 2
    assert [refusal(second) for _ in range(2)] == ["UNAUTHORIZED"] * 2
    assert (denying.calls_of("guard"), raising.calls_of("guard")) == (1, 2)


@pytest.mark.parametrize(
    "answer",
    [
        InvocationResult(b'{"errorMessage": "unauthorized"}', "Unhandled"),
        InvocationResult(b'{"errorMessage": "Task timed out after 3.00 seconds"}', "Unhandled"),
        InvocationResult(b"garbage", "Unhandled"),
        InvocationResult(b"garbage"),
        None,
        {},
        {"principalId": "x"},
        {"policyDocument": policy()},
        verdict(principalId=1),
        verdict(context={"a": {"b": 1}}),
        verdict(context=["a"]),
        verdict(policyDocument={"Statement": [{"Effect": "Allow"}]}),
        verdict(policyDocument={"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}),
        verdict(policyDocument={"Statement": ["*"]}),
    ],
)
def test_any_other_result_is_an_authorizer_failure(answer: Any) -> None:
    assert refusal(CachingAuthorizer(KEY_AUTHORIZER, Functions(guard=lambda _: answer))) == "AUTHORIZER_FAILURE"


@pytest.mark.parametrize(
    "allowing",
    [
        policy(),
        policy(resource="*"),
        policy(resource=ARN),
        policy(resource=["arn:other", ARN]),
        policy(resource=ARN.replace("GET", "???")),
        policy(action="*"),
        policy(action=["s3:GetObject", "execute-api:invoke"]),
        {"Statement": policy()["Statement"][0]},
    ],
)
def test_policies_that_allow(allowing: dict[str, Any]) -> None:
    evaluate(allowing, ARN)


@pytest.mark.parametrize(
    "denying",
    [
        policy("Deny"),
        {"Statement": [*policy()["Statement"], *policy("Deny")["Statement"]]},
        policy(resource=ARN.replace("GET", "POST")),
        policy(resource=ARN + "x"),
        policy(resource=ARN.replace("things", "[t]hings")),
        policy(action="s3:GetObject"),
        {"Statement": []},
    ],
)
def test_a_deny_overrides_an_allow_and_no_match_is_a_denial(denying: dict[str, Any]) -> None:
    with pytest.raises(GatewayResponseError) as caught:
        evaluate(denying, ARN)
    assert caught.value.response_type == "ACCESS_DENIED"
