"""The frame of every request: its id, deadline and log record, the headers of all responses, its log line."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audio_gateway.api.http.cors import Cors, RawHeaders
from audio_gateway.api.http.errors import answer_for
from audio_gateway.api.http.limit_headers import limit_headers
from audio_gateway.deadline import BUFFERED_LIMIT_S, SETTLING_S, Deadline
from audio_gateway.telemetry import RequestLog, log_unexpected, report

_HEX_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# With streaming, API Gateway waits 5 minutes for the first byte, and so do the official SDK for Node and its HTTP
# client; the whole response may take 15 minutes, as may the function (API Gateway developer guide, "Stream the
# integration response"; Lambda's quotas). Without, there is one limit, BUFFERED_LIMIT_S. We stop early enough that our
# own error still gets through, and that a large response in one piece can be copied to the bucket.
_FIRST_BYTE_S: Final = 285
_WHOLE_STREAM_S: Final = 890
# An older time comes from a sample event, not from the cold start of a function.
_LONGEST_START_SECONDS = 300.0

CATCH_ALL: Final = frozenset({"/", "/{proxy+}"})
"""The API's routes, without the authorizer, for all paths that have no other route (template.yaml)."""

STREAM: Final = "audio_gateway.stream"
"""The key in the scope of a request whose response is streamed: its `ResponseStream`."""

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"})


class RequestScope:
    """Gives a request its id, deadline and log record, adds the common headers to its response, writes the log line.

    `app` has the function's routes; the app that `unknown` makes answers requests to unknown URLs.
    """

    def __init__(self, app: ASGIApp, unknown: Callable[[], ASGIApp], endpoint: str, cors: Cors) -> None:
        self._app = app
        self._unknown = unknown
        self._endpoint = endpoint
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request. Never raises, whatever the app does."""
        started = time.perf_counter()
        event = scope.get("aws.event") or {}
        # By the route, not by the path: a path such as /v1/v1/models must not reach this function's routes.
        is_unknown = event.get("resource") in CATCH_ALL
        app, endpoint = (self._unknown(), "unknown") if is_unknown else (self._app, self._endpoint)
        request_log = RequestLog(request_id(event), endpoint, scope["method"], route_of(event))
        scope["audio_gateway.facts"] = request_log
        scope["audio_gateway.received_ms"] = received_ms = _received_ms(event)
        context, is_streamed = scope.get("aws.context"), scope.get(STREAM) is not None
        deadline = _deadline(received_ms, context, _FIRST_BYTE_S if is_streamed else BUFFERED_LIMIT_S)
        scope["audio_gateway.deadline"] = deadline
        scope["audio_gateway.stream_deadline"] = (
            _deadline(received_ms, context, _WHOLE_STREAM_S) if is_streamed else deadline
        )
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                more = common_headers(request_log, (time.perf_counter() - started) * 1000)
                message["headers"] = [*message.get("headers", ()), *more, *self._cors_headers(app, scope)]
            await send(message)

        try:
            await (_no_content if _is_answered_here(app, scope) else app)(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - last resort: every request must get a response
            # Starlette raises unknown errors again after its handler has responded to them and we have logged them.
            if not status:
                log_unexpected(error, request_log.request_id)
                answer = answer_for(RuntimeError(), request_log.request_id)
                await send_with_headers(_start(answer.status, answer.headers))
                await send({"type": "http.response.body", "body": answer.body})
        report(request_log, status=status, elapsed_ms=(time.perf_counter() - started) * 1000)

    def _cors_headers(self, app: ASGIApp, scope: Scope) -> RawHeaders:
        origin = _header(scope, b"origin")
        if scope["method"] != "OPTIONS":
            return self._cors.of_answer(origin)
        wanted = _header(scope, b"access-control-request-method")
        # Any method is allowed for an unknown URL, so a page can read that it is unknown.
        methods = methods_of(app, scope) or ((wanted,) if wanted in _METHODS else ())
        headers = self._cors.of_preflight(origin, _header(scope, b"access-control-request-headers"), methods)
        return [*headers, (b"allow", ", ".join((*methods, "OPTIONS")).encode())]


def request_id(event: Mapping[str, Any]) -> str:
    """`req_` and 32 hex digits, as in OpenAI's API: API Gateway's own id, so its logs can be joined with ours."""
    given = (event.get("requestContext") or {}).get("requestId")
    if isinstance(given, str) and _HEX_UUID.fullmatch(given):
        return "req_" + given.replace("-", "").lower()
    return "req_" + uuid.uuid4().hex


def route_of(event: Mapping[str, Any]) -> str | None:
    """The API's route that the request took, such as /v1/audio/jobs/{job_id}."""
    resource = event.get("resource")
    return f"/v1{resource}" if isinstance(resource, str) else None


def _received_ms(event: Mapping[str, Any]) -> int:
    """When API Gateway received the request, in Unix milliseconds; now, if that is unknown.

    A sample event has an old time, and `sam local start-api` gives each request the time of its own start; neither has
    the id that API Gateway adds.
    """
    now_ms = int(time.time() * 1000)
    gateway = event.get("requestContext") or {}
    received_ms = gateway.get("requestTimeEpoch")
    if not isinstance(received_ms, int) or not gateway.get("extendedRequestId"):
        return now_ms
    return received_ms if 0 <= now_ms - received_ms < _LONGEST_START_SECONDS * 1000 else now_ms


def _deadline(received_ms: int, context: Any, limit_s: int) -> Deadline:
    # After a cold start, the platform has counted since before this process began; its time may be over already.
    seconds = limit_s - max(0.0, time.time() - received_ms / 1000)
    if context is not None:
        seconds = min(seconds, context.get_remaining_time_in_millis() / 1000)
    return Deadline.after(seconds - SETTLING_S, limit_s=limit_s)


def common_headers(request_log: RequestLog, elapsed_ms: float) -> RawHeaders:
    """The headers of every response."""
    headers = [
        (b"x-request-id", request_log.request_id.encode()),
        (b"openai-processing-ms", str(round(elapsed_ms)).encode()),
        (b"openai-version", b"2020-10-01"),
        (b"x-content-type-options", b"nosniff"),
    ]
    headers += limit_headers(request_log)
    if request_log.ignored:
        headers.append((b"x-audio-gateway-ignored", ", ".join(request_log.ignored).encode()))
    return headers


def methods_of(app: ASGIApp, scope: Scope) -> tuple[str, ...]:
    """All methods of the path. Starlette names only those of the first matching route."""
    routes = [route for route in getattr(app, "routes", ()) if isinstance(route, Route)]
    here = [route for route in routes if route.matches(scope)[0] is not Match.NONE]
    return tuple(sorted({method for route in here for method in route.methods or ()}))


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode() for found, value in scope["headers"] if found == name), None)


def _is_answered_here(app: ASGIApp, scope: Scope) -> bool:
    """Whether this is a preflight or OPTIONS request, which browsers send to any URL, without a key."""
    if scope["method"] != "OPTIONS":
        return False
    return _header(scope, b"access-control-request-method") is not None or bool(methods_of(app, scope))


async def _no_content(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(_start(HTTPStatus.NO_CONTENT, {}))
    await send({"type": "http.response.body", "body": b""})


def _start(status: int, headers: Mapping[str, str]) -> MutableMapping[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}
