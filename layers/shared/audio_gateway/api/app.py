"""What every function has in common: a request's id, errors, headers and log line, and the way into Lambda.

API Gateway event → Mangum → RequestScope → FastAPI route → use case
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from mangum import Mangum
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audio_gateway.api.errors import answer_for
from audio_gateway.api.identity import AdminCaller, Caller, admin_caller, api_caller
from audio_gateway.api.money import money_headers
from audio_gateway.api.telemetry import RequestFacts, log_unexpected, report
from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import SETTLING_S, Deadline
from audio_gateway.errors import GatewayError, LimitReached, MethodNotAllowed, NotFound, UnknownUrl
from audio_gateway.metering.account import Caller as Payer
from audio_gateway.use_cases.reserve import Call

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]

_HEX_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# API Gateway gives up on a function after 29 s, counted from the moment at which it took the request. We stop so much
# earlier that an error of ours still gets through, and so do the copies that a large answer makes on its way.
_PLATFORM_SECONDS = 29.0
# A time longer ago than this is of a sample event, and not of a function that had to be started first.
_LONGEST_START_SECONDS = 300.0

_PATH_SHOWN = 200

# The API's routes for every path that has no route of its own, without the authorizer (template.yaml).
_CATCH_ALL = frozenset({"/", "/{proxy+}"})


def create_app(title: str) -> FastAPI:
    """A FastAPI app whose every error is in OpenAI's envelope; the caller adds its routes."""
    app = FastAPI(title=title, openapi_url=None)
    # A path that does not end as ours do is unknown. A redirect would lose the body of a POST (contract section 0.12).
    app.router.redirect_slashes = False
    app.add_exception_handler(GatewayError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_error)
    return app


@cache
def _without_routes() -> FastAPI:
    """Answers that the URL is unknown, whatever it is."""
    return create_app("unknown")


def lambda_handler(app: FastAPI, endpoint: str) -> LambdaHandler:
    """The function's handler: REST proxy events in, proxy answers out. `endpoint` is its name in logs and metrics.

    On execute-api URLs the stage `v1` is not part of the event's path; behind a custom domain without a base path
    mapping it is: Mangum removes it where it stands.
    """
    return cast("LambdaHandler", Mangum(RequestScope(app, endpoint), lifespan="off", api_gateway_base_path="/v1"))


def facts_of(request: Request) -> RequestFacts:
    """What is known of the running request; a route adds what it learns."""
    return cast("RequestFacts", request.scope["audio_gateway.facts"])


def caller_of(request: Request) -> Caller:
    """Who calls with an API key; raises `NotAuthenticated` or `PermissionDenied`. Every route asks this first."""
    caller = api_caller(request.scope["aws.event"])
    facts = facts_of(request)
    facts.key_id, facts.project_id = caller.key_id, caller.project_id
    return caller


def admin_of(request: Request) -> AdminCaller:
    """Who calls with an admin key; raises as `caller_of`. Every route of /organization asks this first."""
    admin = admin_caller(request.scope["aws.event"])
    facts_of(request).key_id = admin.key_id
    return admin


def known_model(model_id: str, catalog: Catalog) -> str | None:
    """The model's id for the metrics, which must not grow a dimension for each name that a caller makes up."""
    return model_id if model_id in catalog.models else None


def deadline_of(request: Request) -> Deadline:
    """The moment by which the work must be done, so that the platform does not cut the answer off."""
    return cast("Deadline", request.scope["audio_gateway.deadline"])


def received_ms_of(request: Request) -> int:
    """When API Gateway took the request, unix milliseconds; where nobody says so, when the function did."""
    return cast("int", request.scope["audio_gateway.received_ms"])


def call_of(request: Request, caller: Caller) -> Call:
    """The running request as use cases know it."""
    payer = Payer(caller.key_id, caller.project_id)
    facts = facts_of(request)
    return Call(facts.request_id, payer, deadline_of(request), facts.failed)


class RequestScope:
    """Gives a request its id, deadline and facts and its answer the headers that all have; writes the log line."""

    def __init__(self, app: ASGIApp, endpoint: str) -> None:
        self._app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request; nothing is raised, whatever the app does."""
        started = time.perf_counter()
        event = scope.get("aws.event") or {}
        # By the route and not by the path: one like /v1/v1/models must not be taken for one of this function's own.
        unknown = event.get("resource") in _CATCH_ALL
        app, endpoint = (_without_routes(), "unknown") if unknown else (self._app, self._endpoint)
        facts = RequestFacts(request_id(event), endpoint=endpoint, method=scope["method"])
        scope["audio_gateway.facts"] = facts
        received_ms = _received_ms(event)
        scope["audio_gateway.received_ms"] = received_ms
        scope["audio_gateway.deadline"] = _deadline(received_ms, scope.get("aws.context"))
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                elapsed_ms = (time.perf_counter() - started) * 1000
                message["headers"] = [*message.get("headers", ()), *_common_headers(facts, elapsed_ms)]
            await send(message)

        try:
            await app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last line: nothing may leave a request without an answer
            # Starlette raises again what its handler for unknown errors has already answered and we have logged.
            if not status:
                log_unexpected(error, facts.request_id)
                answer = answer_for(RuntimeError(), facts.request_id)
                await send_with_headers(_start(answer.status, answer.headers))
                await send({"type": "http.response.body", "body": answer.body})
        report(facts, status=status, elapsed_ms=(time.perf_counter() - started) * 1000)


def request_id(event: Mapping[str, Any]) -> str:
    """`req_` and 32 hex digits, as OpenAI's: the id that API Gateway gave, so that its logs and ours can be joined."""
    given = (event.get("requestContext") or {}).get("requestId")
    if isinstance(given, str) and _HEX_UUID.fullmatch(given):
        return "req_" + given.replace("-", "").lower()
    return "req_" + uuid.uuid4().hex


def _received_ms(event: Mapping[str, Any]) -> int:
    """When API Gateway took the request, unix milliseconds; now, where nobody says so.

    A sample event has an old time, and `sam local start-api` gives each request that of its own start; neither has the
    id that API Gateway adds.
    """
    now_ms = int(time.time() * 1000)
    gateway = event.get("requestContext") or {}
    received_ms = gateway.get("requestTimeEpoch")
    if not isinstance(received_ms, int) or not gateway.get("extendedRequestId"):
        return now_ms
    return received_ms if 0 <= now_ms - received_ms < _LONGEST_START_SECONDS * 1000 else now_ms


def _deadline(received_ms: int, context: Any) -> Deadline:
    # The platform's clock began before this process did, if it had to be started, and may be over already.
    seconds = _PLATFORM_SECONDS - max(0.0, time.time() - received_ms / 1000)
    if context is not None:
        seconds = min(seconds, context.get_remaining_time_in_millis() / 1000)
    return Deadline.after(seconds - SETTLING_S)


def _common_headers(facts: RequestFacts, elapsed_ms: float) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"x-request-id", facts.request_id.encode()),
        (b"openai-processing-ms", str(round(elapsed_ms)).encode()),
        (b"openai-version", b"2020-10-01"),
        (b"x-content-type-options", b"nosniff"),
    ]
    headers += money_headers(facts)
    if facts.ignored:
        headers.append((b"x-audio-gateway-ignored", ", ".join(facts.ignored).encode()))
    return headers


def _start(status: int, headers: Mapping[str, str]) -> MutableMapping[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


async def _on_error(request: Request, error: Exception) -> Response:
    facts = facts_of(request)
    facts.error = type(error).__name__
    if isinstance(error, LimitReached):
        facts.windows = error.windows
    answer = answer_for(error, facts.request_id)
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log_unexpected(error, facts.request_id)
    return Response(answer.body, answer.status, answer.headers)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own: no such route, or not with this method (contract section 7)."""
    exception = cast("HTTPException", error)
    call = f"{request.method} {_path_of(request)}"
    if exception.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = _methods_of(request)
        message = f"Invalid method for URL ({call}). Allowed: {', '.join(allowed)}."
        return await _on_error(request, MethodNotAllowed(message, allowed=allowed))
    if exception.status_code == HTTPStatus.NOT_FOUND:
        return await _on_error(request, UnknownUrl(f"Invalid URL ({call})"))
    return await _on_error(request, NotFound(str(exception.detail)))


def _path_of(request: Request) -> str:
    """The path as the caller wrote it: that of the request has lost its stage on the way."""
    asked = (request.scope["aws.event"].get("requestContext") or {}).get("path")
    return (asked if isinstance(asked, str) and asked else f"/v1{request.url.path}")[:_PATH_SHOWN]


def _methods_of(request: Request) -> tuple[str, ...]:
    """All methods of the path. Starlette's own answer names those of the first route that has it."""
    routes = [route for route in cast("FastAPI", request.app).routes if isinstance(route, Route)]
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return tuple(sorted({method for route in here for method in route.methods or ()}))
