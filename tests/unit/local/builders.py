"""Builders of APIs and requests for the tests of the local stack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

from local.asgi import Receive, Scope, Send
from local.environments import Invocation, InvocationResult
from local.events import GatewayCall, HttpRequest
from local.payloads import Payload
from local.rest_api import AuthorizerDefinition, GatewayResponse, RestApi, Route
from local.routing import Match

KEY_AUTHORIZER = AuthorizerDefinition(
    name="Keys", function="guard", identity_sources=("method.request.header.Authorization",), ttl_s=60
)


def route(
    resource: str, method: str = "ANY", *, authorizer: str | None = None, timeout_s: float = 29, streams: bool = False
) -> Route:
    return Route(resource, method, "work", authorizer, timeout_s, streams)


def api(
    *routes: Route,
    gateway_responses: dict[str, GatewayResponse] | None = None,
    binary: tuple[str, ...] = ("*/*",),
    variables: dict[str, str] | None = None,
) -> RestApi:
    return RestApi(
        api_id="local",
        account_id="000000000000",
        region="us-east-1",
        stage="v1",
        stage_variables=variables or {},
        routes=routes,
        authorizers={"Keys": KEY_AUTHORIZER},
        gateway_responses=gateway_responses or {},
        binary_media_types=binary,
    )


def call(
    path: str = "/things",
    *,
    method: str = "GET",
    query: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    match: Match | None = None,
    of: RestApi | None = None,
) -> GatewayCall:
    request = HttpRequest(method, path, query, [("Host", "127.0.0.1:8080"), *headers], body, "127.0.0.1", "HTTP/1.1")
    return GatewayCall(
        api=of or api(),
        request=request,
        match=match or Match(route("/things"), {}),
        request_id="11111111-2222-3333-4444-555555555555",
        extended_request_id="abc=",
        trace_id="Root=1-0-0",
        received_at=1_795_254_771.5,
        port=8080,
    )


class Functions:
    """A fake Lambda service: each function is a Python callable from event to result."""

    def __init__(self, **functions: Callable[[dict[str, Any]], Any]) -> None:
        self.functions = functions
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._running: list[asyncio.Future[None]] = []

    async def __call__(self, name: str, payload: Payload, trace_id: str) -> InvocationResult:
        assert trace_id is not None
        event = json.loads(bytes(payload))
        self.events.append((name, event))
        answer = self.functions[name](event)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer if isinstance(answer, InvocationResult) else InvocationResult(json.dumps(answer).encode())

    def begin(self, name: str, payload: Payload, trace_id: str) -> Invocation:
        async def run() -> None:
            try:
                invocation.settle(await self(name, payload, trace_id))
            except Exception as error:  # noqa: BLE001 -- the caller gets it
                invocation.outcome.set_exception(error)

        invocation = Invocation.new(payload, trace_id)
        self._running.append(asyncio.ensure_future(run()))
        return invocation

    def calls_of(self, name: str) -> int:
        return sum(called == name for called, _ in self.events)


class Client:
    """Sends a request to an ASGI application and records the response."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Any]) -> None:
        self.application = application
        self.sent_after_answer = 0

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: Iterable[bytes] = (b"",),
    ) -> tuple[int, dict[str, str], bytes]:
        return asyncio.run(self.send(method, path, headers=headers, body=body))

    async def send(
        self, method: str, path: str, *, headers: Iterable[tuple[str, str]] = (), body: Iterable[bytes] = (b"",)
    ) -> tuple[int, dict[str, str], bytes]:
        parts = list(body)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            if sent:
                self.sent_after_answer += 1
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        raw_path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": raw_path,
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8080),
            "http_version": "1.1",
        }
        await self.application(scope, receive, send)
        if not sent:
            raise ConnectionAbortedError("no answer")
        head = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:])
