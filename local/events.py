"""API Gateway's REST proxy events (payload format 1.0): request to event, function's answer to response."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import parse_qsl

from local.payloads import Base64Payload, Payload
from local.rest_api import RestApi
from local.routing import Match

Headers = list[tuple[str, str]]

# Not forwarded to the function.
_NOT_FORWARDED: Final = frozenset({"connection", "content-length", "transfer-encoding", "expect", "keep-alive"})
# Set by the gateway in a response. A function's value gets another name, as on AWS.
_REMAPPED: Final = frozenset(
    {"connection", "content-length", "content-md5", "date", "host", "server", "user-agent", "www-authenticate"}
)
_DROPPED: Final = frozenset({"transfer-encoding", "keep-alive", "trailer", "upgrade"})
_COMPACT: Final = json.JSONEncoder(separators=(",", ":")).encode
_STATUSES: Final = range(200, 600)
NO_BODY: Final = (204, 304)
"""Statuses whose responses have no body."""
_REMAPPED_LENGTH: Final = "x-amzn-remapped-content-length"
_LENGTH: Final = re.compile("[0-9]{1,15}")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class MalformedResponse(Exception):
    """A function's result is not a valid proxy response. The message is for the operator."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An HTTP request with its whole body.

    `path` excludes the stage and is percent-encoded as received. It is empty for a request outside of the stage.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    client_ip: str
    protocol: str

    def header(self, name: str) -> str | None:
        """Return the last value of a header. Case is ignored."""
        found = None
        for key, value in self.headers:
            if key.lower() == name:
                found = value
        return found


@dataclass(frozen=True, slots=True)
class ProxyResponse:
    """The response to the client."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamHead:
    """Status and headers of a streamed response. `length` is that of the body in bytes, if the function declares it."""

    status: int
    headers: Headers
    length: int | None


@dataclass(frozen=True, slots=True)
class GatewayCall:
    """A request in the gateway. Times are Unix seconds."""

    api: RestApi
    request: HttpRequest
    match: Match
    request_id: str
    extended_request_id: str
    trace_id: str
    received_at: float
    port: int
    authorizer: Mapping[str, Any] | None = field(default=None)

    @property
    def method_arn(self) -> str:
        """The ARN that the authorizer's policy must allow."""
        api = self.api
        return (
            f"arn:aws:execute-api:{api.region}:{api.account_id}:{api.api_id}/{api.stage}"
            f"/{self.request.method}{self.request.path}"
        )


def proxy_event(call: GatewayCall) -> dict[str, Any]:
    """Return the event for the route's function."""
    body, is_base64 = _body(call)
    return _common(call) | {"body": body, "isBase64Encoded": is_base64}


def proxy_event_json(call: GatewayCall) -> Payload:
    """Return `proxy_event` as JSON. A body in base64 has nothing to escape, so it is encoded when it is sent."""
    if not call.request.body or not _is_binary(call):
        return _COMPACT(proxy_event(call)).encode()
    event = _COMPACT(_common(call) | {"isBase64Encoded": True, "body": ""}).encode()
    return Base64Payload(event.removesuffix(b'"}'), call.request.body, b'"}')


def authorizer_event(call: GatewayCall) -> dict[str, Any]:
    """Return the event for a REQUEST authorizer: everything but the body."""
    return {"type": "REQUEST", "methodArn": call.method_arn} | _common(call)


def request_context(call: GatewayCall) -> dict[str, Any]:
    """Return the event's `requestContext`, which is also $context in a gateway response."""
    api, request = call.api, call.request
    host = request.header("host") or "127.0.0.1"
    context = {
        "accountId": api.account_id,
        "apiId": api.api_id,
        "deploymentId": "local",
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "extendedRequestId": call.extended_request_id,
        "httpMethod": request.method,
        "identity": _identity(request),
        "path": f"/{api.stage}{request.path}",
        "protocol": request.protocol,
        "requestId": call.request_id,
        "requestTime": _request_time(call.received_at),
        "requestTimeEpoch": int(call.received_at * 1000),
        "resourceId": call.match.route.resource,
        "resourcePath": call.match.route.resource,
        "stage": api.stage,
    }
    if call.authorizer is not None:
        context["authorizer"] = dict(call.authorizer)
    return context


def parse_response(payload: bytes, binary_media_types: Iterable[str], accept: str) -> ProxyResponse:
    """Parse a function's result.

    Raises `MalformedResponse` if it is not a proxy response. The gateway then answers 502.
    """
    answer, status, headers = _head(payload)
    body = _answer_body(answer, binary_media_types, accept)
    return ProxyResponse(status, headers, b"" if status in NO_BODY else body)


def parse_prelude(payload: bytes) -> StreamHead:
    """Parse the prelude of a streamed response. Its Content-Length is kept: the gateway does not know the length.

    Raises `MalformedResponse` if it is not valid. The gateway then answers 502.
    """
    _, status, headers = _head(payload)
    lengths = {value for name, value in headers if name.lower() == _REMAPPED_LENGTH}
    headers = [header for header in headers if header[0].lower() != _REMAPPED_LENGTH]
    if not lengths or status in NO_BODY:
        return StreamHead(status, headers, None)
    if len(lengths) > 1 or not _LENGTH.fullmatch(next(iter(lengths))):
        raise MalformedResponse(f"Content-Length is {sorted(lengths)}")
    return StreamHead(status, headers, int(lengths.pop()))


def _head(payload: bytes) -> tuple[dict[str, Any], int, Headers]:
    """Return a proxy response as an object, with its status and headers."""
    try:
        answer = json.loads(payload)
    except ValueError as error:
        raise MalformedResponse("not JSON") from error
    if not isinstance(answer, dict):
        raise MalformedResponse("not an object")
    status = _status(answer.get("statusCode"))
    headers = _answer_headers(answer)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return answer, status, headers


def _common(call: GatewayCall) -> dict[str, Any]:
    request = call.request
    headers, all_headers = _grouped(_forwarded_headers(call))
    query, all_query = _grouped(parse_qsl(request.query, keep_blank_values=True), fold=False)
    return {
        "resource": call.match.route.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": all_headers,
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": all_query or None,
        "pathParameters": call.match.path_parameters or None,
        "stageVariables": dict(call.api.stage_variables) or None,
        "requestContext": request_context(call),
    }


def _forwarded_headers(call: GatewayCall) -> Headers:
    """Return the client's headers without the hop-by-hop ones, plus those that the gateway adds."""
    request = call.request
    headers = []
    forwarded = request.client_ip
    for name, value in request.headers:
        folded = name.lower()
        if folded == "x-forwarded-for":
            forwarded = f"{value}, {request.client_ip}"
        elif folded in ("authorization", "user-agent"):
            headers.append((name.title(), value))  # these two are capitalised by the gateway
        elif folded not in _NOT_FORWARDED and not folded.startswith("x-forwarded-p"):
            headers.append((name, value))
    headers += [
        ("X-Amzn-Trace-Id", call.trace_id),
        ("X-Forwarded-For", forwarded),
        ("X-Forwarded-Port", str(call.port)),
        ("X-Forwarded-Proto", "http"),
    ]
    return headers


def _grouped(pairs: Iterable[tuple[str, str]], *, fold: bool = True) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Group by name: the last value, and all values. Header names that differ only in case are the same."""
    names: dict[str, str] = {}
    last: dict[str, str] = {}
    every: dict[str, list[str]] = {}
    for key, value in pairs:
        name = names.setdefault(key.lower(), key) if fold else key
        last[name] = value
        every.setdefault(name, []).append(value)
    return last, every


def _body(call: GatewayCall) -> tuple[str | None, bool]:
    body = call.request.body
    if not body:
        return None, False
    if _is_binary(call):
        return base64.b64encode(body).decode("ascii"), True
    return body.decode("utf-8", "replace"), False  # AWS replaces bytes that are not UTF-8, too


def _is_binary(call: GatewayCall) -> bool:
    content_type = (call.request.header("content-type") or "").partition(";")[0].strip().lower()
    return is_binary(content_type, call.api.binary_media_types)


def is_binary(media_type: str, binary_media_types: Iterable[str]) -> bool:
    """Whether the API's BinaryMediaTypes cover a media type. */* covers all, even an empty one."""
    main = media_type.partition("/")[0]
    return any(kind in ("*/*", media_type, f"{main}/*") for kind in binary_media_types)


def _identity(request: HttpRequest) -> dict[str, str | None]:
    unknown = (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    )
    identity: dict[str, str | None] = dict.fromkeys(unknown)
    return identity | {"sourceIp": request.client_ip, "userAgent": request.header("user-agent")}


def _request_time(seconds: float) -> str:
    _, day, month, year, clock, _ = formatdate(seconds, usegmt=True).split()
    return f"{day}/{month}/{year}:{clock} +0000"


def _status(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value not in _STATUSES:
        raise MalformedResponse(f"statusCode is {value!r}")
    return value


def _answer_headers(answer: Mapping[str, Any]) -> Headers:
    """Merge `headers` and `multiValueHeaders`. If both have a header, the latter wins."""
    single, multi = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise MalformedResponse("headers are not an object")
    if any(not isinstance(values, list) for values in multi.values()):
        raise MalformedResponse("multiValueHeaders must be lists")
    overridden = {name.lower() for name in multi}
    pairs = [(name, value) for name, value in single.items() if name.lower() not in overridden]
    pairs += [(name, value) for name, values in multi.items() for value in values]
    return [_header(name, value) for name, value in pairs if name.lower() not in _DROPPED]


def _header(name: str, value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str) or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
        raise MalformedResponse(f"header {name!r} has no valid name or value")
    return (f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name), value


def _answer_body(answer: Mapping[str, Any], binary_media_types: Iterable[str], accept: str) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponse("body is not a string")
    # AWS uses only the first type of Accept. With */* among the binary types, everything matches.
    wanted = accept.partition(",")[0].partition(";")[0].strip().lower()
    if answer.get("isBase64Encoded") is True and is_binary(wanted, binary_media_types):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise MalformedResponse("body is not base64") from error
    return body.encode("utf-8", "surrogatepass")
