"""HTTP as no SDK would send it, and its responses."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

BOUNDARY = "the-boundary-of-these-tests"
FORM = f"multipart/form-data; boundary={BOUNDARY}"

Field = tuple[str, str | bytes | tuple[str, bytes]]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, which it must say that it is (contract section 0.2)."""
        assert self.headers["content-type"].split(";")[0] == "application/json", self.headers
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """OpenAI's envelope, checked: all four keys, a type, a message for people, and a request id beside it."""
        assert self.status >= 400, (self.status, self.body[:300])
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}, error
        assert error["message"], error
        assert error["type"], error
        assert "Traceback" not in error["message"]
        assert self.headers.get("x-request-id"), self.headers
        return dict(error)


class Wire:
    """Raw calls to a base URL such as http://127.0.0.1:8080/v1."""

    def __init__(self, base_url: str, key: str | None) -> None:
        parts = urlsplit(base_url)
        assert parts.hostname
        self.host, self.port, self.prefix = parts.hostname, parts.port or 80, parts.path
        self.key = key

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        chunked: bool = False,
    ) -> Answer:
        """One request on a new connection; `path` is sent unchanged, below the base URL."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        sent = {**self.authorization(), **(headers or {})}
        try:
            # The server may answer, and hang up, before it has read a body that is too large.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, self.prefix + path, body, sent, encode_chunked=chunked)
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def speech(self, **fields: Any) -> Answer:
        """POST a JSON object to /audio/speech."""
        return self.speech_body(json.dumps(fields).encode())

    def speech_body(self, body: bytes, content_type: str | None = "application/json") -> Answer:
        """POST these very bytes to /audio/speech."""
        headers = {"content-type": content_type} if content_type else {}
        return self.call("POST", "/audio/speech", body, headers)

    def transcription(self, *fields: Field, path: str = "/audio/transcriptions") -> Answer:
        """POST a form, its parts in this order."""
        return self.call("POST", path, form(*fields), {"content-type": FORM})

    def authorization(self) -> dict[str, str]:
        """The header with our key, none without a key."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def form(*fields: Field) -> bytes:
    """A multipart body. A value is text (or its raw bytes), or a file as (filename, bytes)."""
    parts = []
    for name, value in fields:
        if isinstance(value, tuple):
            disposition = f'form-data; name="{name}"; filename="{value[0]}"'
            parts.append(part(disposition, value[1], "application/octet-stream"))
        else:
            parts.append(part(f'form-data; name="{name}"', value.encode() if isinstance(value, str) else value))
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def part(disposition: str, data: bytes, content_type: str | None = None) -> bytes:
    """One part of a form with this very Content-Disposition."""
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{kind}\r\n".encode() + data + b"\r\n"


def _answer(response: http.client.HTTPResponse) -> Answer:
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
