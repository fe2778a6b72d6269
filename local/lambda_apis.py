"""Lambda's two HTTP APIs as ASGI applications: Invoke API for callers, Runtime API for the functions' processes.

Paths and headers: AWS Lambda API reference, "Invoke"; AWS Lambda developer guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import Final
from urllib.parse import unquote

from local.asgi import Headers, Receive, Scope, Send, read_body, respond, start_response
from local.environments import Environment, InvocationResult
from local.lambda_service import MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, LambdaService, TooManyRequests, too_large
from local.payloads import Payload
from local.response_streams import StreamedResponse, StreamLimits

_INVOKE: Final = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_RUNTIME: Final = "/2018-06-01/runtime"
_REPORT: Final = re.compile(_RUNTIME + r"/invocation/([^/]+)/(response|error)")
_RESPONSE_MODE: Final = b"lambda-runtime-function-response-mode"
_JSON: Final = "application/json"
_LIMITS: Final = StreamLimits()


class InvokeApi:
    """`lambda.invoke` over HTTP. Failures have status 200 and X-Amz-Function-Error, as on AWS."""

    def __init__(self, service: LambdaService) -> None:
        self._service = service
        self._background: set[asyncio.Task[InvocationResult]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = [("x-amzn-RequestId", str(uuid.uuid4())), ("Content-Type", _JSON)]
        match = _INVOKE.fullmatch(scope["path"])
        name = "" if match is None else unquote(match.group(1)).rsplit(":function:")[-1].split(":")[0]
        if scope["method"] != "POST" or name not in self._service:
            await _refuse(send, 404, "ResourceNotFoundException", f"Function not found: {name}", headers)
            return
        payload, complete = await read_body(receive, MAX_REQUEST_BYTES)
        if not complete:
            message = f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction operation"
            await _refuse(send, 413, "RequestTooLargeException", message, headers)
            return
        if _header(scope, b"x-amz-invocation-type") == "Event":
            self._run_in_background(name, payload or b"{}")
            await respond(send, 202, headers, b"")
            return
        try:
            result = await self._service.invoke(name, payload or b"{}", _header(scope, b"x-amzn-trace-id"))
        except TooManyRequests:
            await _refuse(send, 429, "TooManyRequestsException", "Rate Exceeded.", headers)
            return
        headers.append(("X-Amz-Executed-Version", "$LATEST"))
        if result.error is not None:
            headers.append(("X-Amz-Function-Error", result.error))
        await respond(send, 200, headers, result.payload)

    def _run_in_background(self, name: str, payload: bytes) -> None:
        task = asyncio.ensure_future(self._service.invoke_later(name, payload, ""))
        self._background.add(task)  # the event loop keeps only weak references to tasks
        task.add_done_callback(self._background.discard)


class RuntimeApi:
    """The API that a function's process polls. The port identifies the environment."""

    def __init__(self, service: LambdaService, limits: StreamLimits = _LIMITS) -> None:
        self._service = service
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        environment = self._service.environment(scope["server"][1])
        path = scope["path"]
        if environment is None:
            await _refuse(send, 410, "InvalidStateTransition", "this environment has ended")
        elif path == f"{_RUNTIME}/invocation/next":
            await _next(environment, send)
        elif path == f"{_RUNTIME}/init/error":
            payload, _ = await read_body(receive, MAX_RESPONSE_BYTES)
            environment.init_failed(InvocationResult(payload, "Unhandled"))
            await respond(send, 202, [("Content-Type", _JSON)], b'{"status":"OK"}')
        elif not (match := _REPORT.fullmatch(path)):
            await _refuse(send, 404, "NotFound", path)
        elif match.group(2) == "response" and _header(scope, _RESPONSE_MODE) == "streaming":
            response = StreamedResponse(receive, scope["trailers"], scope["transport"].abort, self._limits)
            await _stream(environment, match.group(1), response, send)
        else:
            await _report(environment, match.group(1), match.group(2), receive, send)


async def _next(environment: Environment, send: Send) -> None:
    invocation = await environment.next_invocation()
    if invocation is None:
        await _refuse(send, 410, "InvalidStateTransition", "this environment has ended")
        return
    headers = [
        ("Content-Type", _JSON),  # awslambdaric 4.2.2 crashes without it
        ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
        ("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms)),
        ("Lambda-Runtime-Invoked-Function-Arn", environment.function.deployed.arn),
    ]
    if invocation.trace_id:
        headers.append(("Lambda-Runtime-Trace-Id", invocation.trace_id))
    await _respond_with(invocation.payload, headers, send)


async def _respond_with(payload: Payload, headers: Headers, send: Send) -> None:
    if isinstance(payload, bytes):
        await respond(send, 200, headers, payload)
        return
    await start_response(send, 200, headers, len(payload))
    for piece in payload:  # the function reads while the next piece is encoded
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _report(environment: Environment, request_id: str, kind: str, receive: Receive, send: Send) -> None:
    payload, complete = await read_body(receive, MAX_RESPONSE_BYTES, drain=True)
    result = InvocationResult(payload, "Unhandled" if kind == "error" else None) if complete else too_large()
    if not environment.finish(request_id, result):
        await _refuse(send, 400, "InvalidRequestID", "Invalid request ID")
    elif complete:
        await respond(send, 202, [("Content-Type", _JSON)], b'{"status":"OK"}')
    else:
        await _refuse(send, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")


async def _stream(environment: Environment, request_id: str, response: StreamedResponse, send: Send) -> None:
    """Let the caller read the response. Nothing is answered on a connection that the caller had closed."""
    if not environment.stream(request_id, response):
        await _refuse(send, 400, "InvalidRequestID", "Invalid request ID", [("Connection", "close")])
        return
    await response.released.wait()
    if response.received:
        environment.streamed(request_id)
        await respond(send, 202, [("Content-Type", _JSON)], b'{"status":"OK"}')


async def _refuse(send: Send, status: int, error_type: str, message: str, headers: Headers | None = None) -> None:
    body = json.dumps({"Type": "User", "errorType": error_type, "errorMessage": message, "Message": message}).encode()
    own = headers or [("Content-Type", _JSON)]
    await respond(send, status, [*own, ("X-Amzn-ErrorType", error_type)], body)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")
