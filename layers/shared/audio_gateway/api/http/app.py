"""The frame of every API function: its errors, its caller, and what its routes read of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Final, Literal, cast

from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from audio_gateway.api.http.cors import ANY, Cors
from audio_gateway.api.http.failures import error_response
from audio_gateway.api.http.function_handler import FunctionHandler
from audio_gateway.api.http.identity import Caller, admin_caller, api_caller
from audio_gateway.api.http.parameters import MAX_ID
from audio_gateway.api.http.request_scope import RequestScope, methods_of
from audio_gateway.api.http.streamed import sending_of
from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import Deadline
from audio_gateway.errors import (
    GatewayError,
    MethodNotAllowed,
    NotFound,
    UnknownUrl,
    UnsupportedContentType,
)
from audio_gateway.metering.account import Payer
from audio_gateway.telemetry import RequestLog
from audio_gateway.use_cases.reservation import RequestContext

App = FastAPI
"""The routes of one function, as `create_app` begins it."""

_PATH_SHOWN: Final = 200


CallerKind = Literal["api", "admin", "none"]
"""The key that a route takes: a project's API key, an operator's admin key, or none."""


def create_app(title: str, *, caller: CallerKind | Mapping[str, CallerKind]) -> App:
    """An app without routes yet, whose errors are all in OpenAI's envelope.

    `caller` is the kind of key that its routes take, by the beginning of their paths where the kinds differ. The key is
    checked before any route runs, so no route can forget to.
    """
    app = FastAPI(title=title, openapi_url=None, dependencies=[Depends(_identification(caller))])
    # A path with an extra slash is unknown. A redirect would lose the body of a POST (contract section 0.12).
    app.router.redirect_slashes = False
    app.add_exception_handler(GatewayError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_error)
    return app


@cache
def _without_routes() -> FastAPI:
    """An app that answers every request with `UnknownUrl`."""
    return create_app("unknown", caller="none")


def lambda_handler(app: FastAPI, endpoint: str, origins: str = ANY) -> FunctionHandler:
    """The function's handler. `endpoint` is its name in logs and metrics.

    `origins` are those whose pages may call the API, see `Cors.parse`.
    """
    cors = Cors.parse(origins)
    return FunctionHandler(RequestScope(app, _without_routes, endpoint, cors), endpoint, cors)


def request_log_of(request: Request) -> RequestLog:
    """The log record of the running request; routes add to it."""
    return cast("RequestLog", request.scope["audio_gateway.facts"])


def caller_of(request: Request) -> Caller:
    """The holder of the API key. Only for routes that take one."""
    return cast("Caller", request.scope["audio_gateway.caller"])


def _identification(caller: CallerKind | Mapping[str, CallerKind]) -> Callable[[Request], Awaitable[None]]:
    kinds = {"/": caller} if isinstance(caller, str) else caller

    async def identify(request: Request) -> None:
        """Raises `NotAuthenticated`, `PermissionDenied` or `KeyNotUsable`."""
        path = cast("Route", request.scope["route"]).path
        kind = next(kind for prefix, kind in kinds.items() if path.startswith(prefix))
        if kind == "api":
            _identify_caller(request)
        elif kind == "admin":
            _identify_admin(request)

    return identify


def _identify_caller(request: Request) -> None:
    caller = api_caller(request.scope["aws.event"])
    request_log = request_log_of(request)
    request_log.key_id, request_log.project_id = caller.key_id, caller.project_id
    request.scope["audio_gateway.caller"] = caller


def _identify_admin(request: Request) -> None:
    request_log_of(request).key_id = admin_caller(request.scope["aws.event"]).key_id
    for name, value in request.path_params.items():
        if len(value) > MAX_ID:
            raise NotFound(f"Nothing has the id '{value[:MAX_ID]}…'.", param=name)


async def body_of(request: Request) -> bytes:
    """The request's body. Raises `UnsupportedContentType` if it is compressed."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        message = f"The Content-Encoding '{encoding[:50]}' is not supported; send the body uncompressed, without it."
        raise UnsupportedContentType(message, param="Content-Encoding")
    return await request.body()


def note_model(request: Request, name: str, catalog: Catalog) -> None:
    """Add the requested model to the log record, unless the caller made up its name."""
    model = catalog.find(name)
    if model is not None:
        request_log = request_log_of(request)
        request_log.model, request_log.requested_model = model.id, name


def deadline_of(request: Request) -> Deadline:
    """The time by which the work must be done for the response to reach the caller."""
    return cast("Deadline", request.scope["audio_gateway.deadline"])


def received_ms_of(request: Request) -> int:
    """When API Gateway received the request, in Unix milliseconds; if that is unknown, when the function did."""
    return cast("int", request.scope["audio_gateway.received_ms"])


def call_of(request: Request, caller: Caller, *, as_stream: bool = False, is_paid: bool = False) -> RequestContext:
    """The running request, for use cases. With `as_stream`, its time is that of a response that is sent as it comes.

    `is_paid` says that an earlier attempt of its call has paid.
    """
    payer = Payer(caller.key_id, caller.project_id)
    request_log = request_log_of(request)
    deadline = cast("Deadline", request.scope["audio_gateway.stream_deadline"]) if as_stream else deadline_of(request)
    cancellation = sending_of(request).cancellation if as_stream else None
    return RequestContext(request_log.request_id, payer, deadline, request_log.failed, cancellation, is_paid)


async def _on_error(request: Request, error: Exception) -> Response:
    answer = error_response(error, request_log_of(request))
    return Response(answer.body, answer.status, answer.headers)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """For Starlette's own errors: no such route, or not with this method (contract section 7)."""
    exception = cast("HTTPException", error)
    context = f"{request.method} {_path_of(request)}"
    if exception.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = methods_of(cast("FastAPI", request.app), request.scope)
        message = f"Invalid method for URL ({context}). Allowed: {', '.join(allowed)}."
        return await _on_error(request, MethodNotAllowed(message, allowed=allowed))
    if exception.status_code == HTTPStatus.NOT_FOUND:
        return await _on_error(request, UnknownUrl(f"Invalid URL ({context})"))
    return await _on_error(request, NotFound(str(exception.detail)))


def _path_of(request: Request) -> str:
    """The path as the caller wrote it; the request's own has lost the stage."""
    path = (request.scope["aws.event"].get("requestContext") or {}).get("path")
    return (path if isinstance(path, str) and path else f"/v1{request.url.path}")[:_PATH_SHOWN]
