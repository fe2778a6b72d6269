"""REQUEST authorizers: identity sources, the cache, and the policy that the function returns.

Rules: Amazon API Gateway developer guide, "Use API Gateway Lambda authorizers" and "Identity-based policies".
"""

from __future__ import annotations

import fnmatch
import functools
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from local.console import log
from local.events import GatewayCall, HttpRequest, authorizer_event
from local.gateway_responses import GatewayResponseError
from local.lambda_service import Invoke, TooManyRequests
from local.rest_api import AuthorizerDefinition

_INVOKE_ACTION: Final = "execute-api:invoke"
_EXPLICIT_DENY: Final = "User is not authorized to access this resource with an explicit deny"


@dataclass(frozen=True, slots=True)
class _CachedPolicy:
    """The policy of an authorizer function, valid for every method and path until it expires."""

    policy: Mapping[str, Any]
    context: Mapping[str, Any]
    expires_at: float


@dataclass(slots=True)
class CachingAuthorizer:
    """An authorizer of the API with its cache. `clock` counts seconds."""

    definition: AuthorizerDefinition
    invoke: Invoke
    clock: Callable[[], float] = time.monotonic
    _cache: dict[tuple[str, ...], _CachedPolicy] = field(default_factory=dict)

    async def authorize(self, call: GatewayCall) -> dict[str, Any]:
        """Return the `authorizer` part of the request context.

        Raises `GatewayResponseError` with UNAUTHORIZED, ACCESS_DENIED or AUTHORIZER_FAILURE.
        """
        identity = self._identity(call)
        cached = self._cache.get(identity)
        if cached is None or self.clock() >= cached.expires_at:
            cached = await self._invoke(call)
            if self.definition.ttl_s:
                self._forget_expired()
                self._cache[identity] = cached
        evaluate(cached.policy, call.method_arn, cached.context)
        return dict(cached.context)

    def _identity(self, call: GatewayCall) -> tuple[str, ...]:
        values = tuple(_source(source, call) for source in self.definition.identity_sources)
        if any(not value for value in values):
            raise GatewayResponseError("UNAUTHORIZED")  # without a call of the function
        return tuple(value or "" for value in values)

    async def _invoke(self, call: GatewayCall) -> _CachedPolicy:
        event = json.dumps(authorizer_event(call)).encode()
        try:
            result = await self.invoke(self.definition.function, event, call.trace_id)
        except TooManyRequests as error:
            raise GatewayResponseError("AUTHORIZER_FAILURE") from error
        if result.error is not None:
            if _error_message(result.payload) == "Unauthorized":
                raise GatewayResponseError("UNAUTHORIZED")
            raise GatewayResponseError("AUTHORIZER_FAILURE")
        try:
            policy, context = _read(json.loads(result.payload))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log(f"the authorizer {self.definition.name} did not return a valid policy: {error}")
            raise GatewayResponseError("AUTHORIZER_FAILURE") from error
        return _CachedPolicy(policy, context, self.clock() + self.definition.ttl_s)

    def _forget_expired(self) -> None:
        now = self.clock()
        for identity in [identity for identity, cached in self._cache.items() if now >= cached.expires_at]:
            del self._cache[identity]


def evaluate(policy: Mapping[str, Any], method_arn: str, context: Mapping[str, Any] | None = None) -> None:
    """Evaluate the policy. A Deny overrides an Allow, and no match is a denial.

    Raises `GatewayResponseError` with ACCESS_DENIED.
    """
    effects = {
        statement["Effect"]
        for statement in _list(policy["Statement"])
        if _matches_any(statement["Action"], _INVOKE_ACTION, fold=True)
        and _matches_any(statement["Resource"], method_arn)
    }
    if "Deny" in effects:
        raise GatewayResponseError("ACCESS_DENIED", message=_EXPLICIT_DENY, authorizer=context)
    if "Allow" not in effects:
        raise GatewayResponseError("ACCESS_DENIED", authorizer=context)


def _source(expression: str, call: GatewayCall) -> str | None:
    kind, _, name = expression.removeprefix("method.request.").partition(".")
    if kind == "header":
        return call.request.header(name.lower())
    if kind == "querystring":
        return _query(call.request, name)
    if kind == "stageVariables":
        return call.api.stage_variables.get(name)
    return None


def _query(request: HttpRequest, name: str) -> str | None:
    values = parse_qs(request.query).get(name)
    return values[-1] if values else None


def _error_message(payload: bytes) -> str | None:
    try:
        answer = json.loads(payload)
    except ValueError:
        return None
    return answer.get("errorMessage") if isinstance(answer, dict) else None


def _read(answer: Any) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Parse policy and context of an authorizer's response. Raises ValueError, TypeError or KeyError if invalid."""
    policy = answer["policyDocument"]
    for statement in _list(policy["Statement"]):
        if not {"Effect", "Action", "Resource"} <= statement.keys() or statement["Effect"] not in ("Allow", "Deny"):
            raise ValueError("a statement needs Effect, Action and Resource")
        if "Condition" in statement:
            raise ValueError("the local stack does not evaluate a Condition")
    if not isinstance(answer["principalId"], str):
        raise TypeError("principalId must be a string")
    context = {name: _text(value) for name, value in (answer.get("context") or {}).items()}
    return policy, context | {"principalId": answer["principalId"]}


def _text(value: Any) -> str | None:
    """Convert a context value to a string, as REST APIs do. Lists and objects are refused, as on AWS."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise TypeError("context values must be strings, numbers or booleans")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches_any(patterns: Any, text: str, *, fold: bool = False) -> bool:
    return any(_matches(pattern.lower() if fold else pattern, text) for pattern in _list(patterns))


def _matches(pattern: str, text: str) -> bool:
    """Match IAM's wildcards: * for any characters, ? for one. Unlike in fnmatch, brackets are literal."""
    return _compiled(pattern).match(text) is not None


@functools.lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
