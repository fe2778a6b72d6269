"""API Gateway: turns HTTP requests into proxy events and the functions' results into responses, within AWS's limits.

Limits: Amazon API Gateway quotas for REST APIs (payload 10 MB, all headers together 10,240 bytes).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import os
import time
import traceback
import uuid
from typing import Final

from local.asgi import ClientGone, Headers, Receive, Scope, Send, read_body, start_response
from local.authorizer import CachingAuthorizer
from local.console import log
from local.environments import Invocation, InvocationResult
from local.events import (
    GatewayCall,
    HttpRequest,
    MalformedResponse,
    ProxyResponse,
    parse_response,
    proxy_event_json,
    request_context,
)
from local.forwarding import IDLE_S, Forwarding, FunctionFailed
from local.gateway_responses import GatewayResponseError, render
from local.lambda_service import Begin, EventTooLarge, TooManyRequests, result_of
from local.log_lines import gateway_line
from local.response_streams import StreamedResponse, StreamFailed
from local.rest_api import RestApi, Route
from local.routing import Match, Router

MAX_BODY_BYTES: Final = 10_485_760
MAX_HEADER_BYTES: Final = 10_240
# The rest of a request is drained up to these limits: closing the connection earlier would lose the response.
_DRAIN_BYTES: Final = 268_435_456
_DRAIN_SECONDS: Final = 30
_PATH_SHOWN: Final = 200
_UNROUTED: Final = Match(Route("", "ANY", "", None, 0), {})


class ApiGateway:
    """The REST API of the template as an ASGI application."""

    def __init__(self, api: RestApi, begin: Begin, idle_s: float = IDLE_S) -> None:
        self._api = api
        self._begin = begin
        self._idle_s = idle_s
        self._router = Router(api.routes)
        self._authorizers = {
            name: CachingAuthorizer(definition, self._invoke) for name, definition in api.authorizers.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = self._call(scope)
        body_read = False
        try:
            body = await _read_request(scope, receive)
            body_read = True
            call = dataclasses.replace(call, request=dataclasses.replace(call.request, body=body))
            admitted = await self._admit(call)
            if admitted.match.route.streams:
                await self._stream(admitted, receive, send)
                return
            answer = await self._answer(admitted)
        except ClientGone:
            return
        except GatewayResponseError as error:
            answer = self._gateway_answer(error, call)
            self._log(call, answer.status, error.response_type)
        except Exception:  # noqa: BLE001 -- a fault of the stack itself is printed and must not end it
            log(traceback.format_exc())
            answer = self._gateway_answer(GatewayResponseError("DEFAULT_5XX"), call)
        await _send(answer, call, body_read, receive, send)

    def _call(self, scope: Scope) -> GatewayCall:
        request = _request(scope, f"/{self._api.stage}")
        return GatewayCall(
            api=self._api,
            request=request,
            match=_UNROUTED,
            request_id=str(uuid.uuid4()),
            extended_request_id=base64.b64encode(os.urandom(11)).decode("ascii"),
            trace_id=f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()}",
            received_at=time.time(),
            port=scope["server"][1],
        )

    async def _admit(self, call: GatewayCall) -> GatewayCall:
        """Find the route and ask its authorizer."""
        path = call.request.path
        match = self._router.match(call.request.method, path) if path else None
        if match is None:
            raise GatewayResponseError("MISSING_AUTHENTICATION_TOKEN")
        call = dataclasses.replace(call, match=match)
        if match.route.authorizer is not None:
            started = time.monotonic()
            context = await self._authorizers[match.route.authorizer].authorize(call)
            context["integrationLatency"] = int((time.monotonic() - started) * 1000)
            call = dataclasses.replace(call, authorizer=context)
        return call

    async def _answer(self, call: GatewayCall) -> ProxyResponse:
        """Wait for the whole response. The function keeps running after the gateway's timeout, as on AWS."""
        invocation = self._integrate(call)
        done, _ = await asyncio.wait([invocation.outcome], timeout=call.match.route.timeout_s)
        if not done:
            raise GatewayResponseError("INTEGRATION_TIMEOUT")
        result = invocation.outcome.result()
        if isinstance(result, StreamedResponse):
            result.close()
            raise _invalid(call, "it streamed, but the route has the response transfer mode BUFFERED")
        if result.error is not None:  # the reason is in the function's log
            raise GatewayResponseError("DEFAULT_5XX", status=502)
        try:
            answer = parse_response(result.payload, self._api.binary_media_types, call.request.header("accept") or "")
        except MalformedResponse as error:
            raise _invalid(call, error) from error
        answer.headers.append(("X-Amzn-Trace-Id", call.trace_id))
        return answer

    async def _stream(self, call: GatewayCall, receive: Receive, send: Send) -> None:
        """Pass the response on as the function sends it. A response that breaks off is cut off, never ended well."""
        invocation = self._integrate(call)
        hang_up = asyncio.ensure_future(receive())  # the request is read, so the next message is http.disconnect
        hang_up.add_done_callback(lambda _: invocation.abandon())
        headers = [*_gateway_headers(call), ("X-Amzn-Trace-Id", call.trace_id)]
        forwarding = Forwarding(invocation, timeout_s=call.match.route.timeout_s, idle_s=self._idle_s)
        try:
            await forwarding.run(call.request.method, headers, send)
        except (TimeoutError, FunctionFailed, MalformedResponse, StreamFailed) as error:
            if hang_up.done():
                raise ClientGone from error
            if forwarding.status is None:
                raise _before_response(call, error) from error
            # The server closes the connection of a response without its end.
            self._log(call, forwarding.status, f"cut off: {str(error) or 'it took too long'}")
        finally:
            hang_up.cancel()
            invocation.abandon()

    def _integrate(self, call: GatewayCall) -> Invocation:
        try:
            return self._begin(call.match.route.function, proxy_event_json(call), call.trace_id)
        except EventTooLarge as error:
            raise GatewayResponseError("REQUEST_TOO_LARGE") from error
        except TooManyRequests as error:
            raise GatewayResponseError("INTEGRATION_FAILURE") from error

    async def _invoke(self, name: str, payload: bytes, trace_id: str) -> InvocationResult:
        return await result_of(self._begin(name, payload, trace_id))

    def _log(self, call: GatewayCall, status: int, what: str) -> None:
        path = f"/{self._api.stage}{call.request.path}"[:_PATH_SHOWN]
        log(gateway_line(call.request.method, path, status, what, call.request_id))

    def _gateway_answer(self, error: GatewayResponseError, call: GatewayCall) -> ProxyResponse:
        if error.authorizer is not None:
            call = dataclasses.replace(call, authorizer=error.authorizer)

        def lookup(name: str) -> str | None:
            return _lookup(name, call)

        accept = call.request.header("accept") or ""
        rendered = render(error, self._api.gateway_responses, lookup, accept=accept)
        return ProxyResponse(rendered.status, rendered.headers, rendered.body)


def _gateway_headers(call: GatewayCall) -> Headers:
    return [("x-amzn-RequestId", call.request_id), ("x-amz-apigw-id", call.extended_request_id)]


def _before_response(call: GatewayCall, error: Exception) -> GatewayResponseError:
    """Return the response to a request for which the function sent no valid status and headers."""
    if isinstance(error, TimeoutError):
        return GatewayResponseError("INTEGRATION_TIMEOUT")
    if isinstance(error, FunctionFailed):  # the reason is in the function's log
        return GatewayResponseError("DEFAULT_5XX", status=502)
    return _invalid(call, error)


def _invalid(call: GatewayCall, reason: object) -> GatewayResponseError:
    log(f"{call.request.method} {call.request.path}: invalid response of {call.match.route.function}: {reason}")
    return GatewayResponseError("DEFAULT_5XX", status=502)


def _request(scope: Scope, prefix: str) -> HttpRequest:
    path = scope["raw_path"].decode("ascii")
    inside = path == prefix or path.startswith(f"{prefix}/")
    return HttpRequest(
        method=scope["method"],
        path=(path.removeprefix(prefix) or "/") if inside else "",
        query=scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body=b"",
        client_ip=(scope.get("client") or ("127.0.0.1", 0))[0],
        protocol=f"HTTP/{scope['http_version']}",
    )


async def _read_request(scope: Scope, receive: Receive) -> bytes:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        raise GatewayResponseError("REQUEST_TOO_LARGE", message="Request headers are too long")
    declared = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise GatewayResponseError("REQUEST_TOO_LARGE")
    body, complete = await read_body(receive, MAX_BODY_BYTES)
    if not complete:
        raise GatewayResponseError("REQUEST_TOO_LARGE")
    return body


async def _send(answer: ProxyResponse, call: GatewayCall, body_read: bool, receive: Receive, send: Send) -> None:
    headers = [*answer.headers, *_gateway_headers(call)]
    if not body_read:
        headers.append(("Connection", "close"))
    await start_response(send, answer.status, headers, len(answer.body))
    if not body_read:
        # Send the whole response first, then read and drop the rest of the request.
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        await _drain(receive)
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": answer.body})


async def _drain(receive: Receive) -> None:
    with contextlib.suppress(ClientGone, TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            left = _DRAIN_BYTES
            while left > 0:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))


def _lookup(name: str, call: GatewayCall) -> str | None:
    """Return a value for a gateway response: context.a.b, stageVariables.x or method.request.header.X."""
    if name.startswith("method.request.header."):
        return call.request.header(name.removeprefix("method.request.header.").lower())
    if name.startswith("stageVariables."):
        return call.api.stage_variables.get(name.removeprefix("stageVariables."))
    node: object = request_context(call)
    for part in name.removeprefix("context.").split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return None if node is None else str(node)
