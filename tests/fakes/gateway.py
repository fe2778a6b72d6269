"""Events as API Gateway sends them to a function, and the responses."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audio_gateway.response_stream import ClientDisconnected

API_CALLER = {
    "principalId": "key_1",
    "key_id": "key_1",
    "project_id": "default",
    "organization_id": "org-default",
    "kind": "api",
}

ADMIN_CALLER = API_CALLER | {"principalId": "key_admin", "key_id": "key_admin", "kind": "admin"}


@dataclass(frozen=True)
class Answer:
    """A proxy response, decoded."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return error


class Context:
    """The Lambda context of one invocation."""

    function_name = "test"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:test"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def __init__(self, remaining_ms: int = 29_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


def event(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    headers: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    authorizer: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A REST proxy event; `authorizer` defaults to the holder of an API key; `{}` is no caller."""
    headers = {"Host": "api.example.com", "X-Forwarded-Proto": "https"} | (headers or {})
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None if query is None else {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "v1",
            "path": f"/v1{path}",
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": API_CALLER if authorizer is None else authorizer,
        },
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def call(handler: Any, request: dict[str, Any], context: Context | None = None) -> Answer:
    """Invoke a function and decode its response to API Gateway."""
    answer = handler(request, context or Context())
    body = answer["body"]
    raw = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    return Answer(answer["statusCode"], {**answer["headers"], **_joined(answer.get("multiValueHeaders"))}, raw)


class FakeStream:
    """A `ResponseStream` that keeps what it gets. `disconnect_after` bytes of the body, the caller disconnects."""

    def __init__(self, disconnect_after: int | None = None) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.ended = False
        self._left = disconnect_after
        self._lock = threading.Condition()

    def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Keep the head."""
        assert self.status is None, "started twice"
        self.status = status
        for name, value in headers:
            assert name not in self.headers, f"{name} was sent twice"
            self.headers[name] = value

    def write(self, data: bytes) -> None:
        """Keep a piece."""
        assert self.status is not None
        assert not self.ended
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise ClientDisconnected
        with self._lock:
            self.pieces.append(data)
            self._lock.notify_all()

    def end(self) -> None:
        """Keep that the body is complete."""
        assert self.status is not None
        assert not self.ended
        if self._left is not None and self._left < 0:
            raise ClientDisconnected
        with self._lock:
            self.ended = True
            self._lock.notify_all()

    def is_disconnected(self) -> bool:
        """Whether the caller has gone."""
        return self._left is not None and self._left <= 0

    def disconnect(self) -> None:
        """Disconnect now."""
        self._left = -1

    def wait_for_pieces(self, count: int, within_s: float = 10.0) -> None:
        """Wait until so many pieces have arrived."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.pieces) >= count, within_s), f"{len(self.pieces)} pieces"

    @property
    def answer(self) -> Answer:
        """The response as far as it has come."""
        assert self.status is not None, "there is no response"
        return Answer(self.status, self.headers, b"".join(self.pieces))


def stream(handler: Any, request: dict[str, Any], context: Context | None = None) -> Answer:
    """Let a function stream its response, which must be complete."""
    response = FakeStream()
    handler.stream(request, context or Context(900_000), response)
    assert response.ended or response.pieces
    return response.answer


def _joined(headers: dict[str, list[str]] | None) -> dict[str, str]:
    return {name: ", ".join(values) for name, values in (headers or {}).items()}


def json_event(path: str, body: Any, **options: Any) -> dict[str, Any]:
    """A POST of a JSON body; `body` may be bytes, which are sent unchanged."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    options.setdefault("headers", {"Content-Type": "application/json"})
    return event("POST", path, raw, **options)


def form_event(path: str, parts: list[tuple[str, Any]], **options: Any) -> dict[str, Any]:
    """A POST of a form: text as str, a file as `(filename, bytes)`."""
    boundary = "------------------------gateway"
    out = []
    for name, value in parts:
        if isinstance(value, tuple):
            filename, data = value
            head = f'form-data; name="{name}"; filename="{filename}"\r\nContent-Type: application/octet-stream'
        else:
            head, data = f'form-data; name="{name}"', value.encode()
        out.append(f"--{boundary}\r\nContent-Disposition: {head}\r\n\r\n".encode() + data + b"\r\n")
    raw = b"".join(out) + f"--{boundary}--\r\n".encode()
    options.setdefault("headers", {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    return event("POST", path, raw, **options)
