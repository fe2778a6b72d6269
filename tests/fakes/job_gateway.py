"""A gateway with uploads and jobs, as clients see it. Of a file it keeps only the length and the hash.

    with FakeGateway() as gateway:
        gateway.next("/bucket", "drop")      # the next call whose path starts with this
        … base_url=gateway.base_url …
        assert gateway.started == 1

A job is over after `job_parts` requests for it. Behaviours of `next`:

    drop            the connection ends before or while the request is read
    drop-answer     the request is done, then the connection ends before the response
    half            … in the middle of the response
    N               an error of that status in the gateway's envelope; `N:no` says that retrying is useless
    xml=N:CODE      an error of the bucket

It also runs alone: `python -m tests.fakes.job_gateway` prints its base URL. `GET /_state` returns what it received.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes.server import LoopbackServer

KEY: Final = "sk-fake"
MOST_BYTES: Final = 6_000_000
_PIECE: Final = 64 * 1024


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)
    json: dict[str, Any] = field(default_factory=dict)
    filename: str | None = None
    file_bytes: int | None = None
    file_sha256: str | None = None


@dataclass
class FakeJob:
    id: str
    request: Seen
    looks: int = 0
    status: str = "queued"
    file_bytes: int | None = None


class FakeGateway:
    """The server. Entering it starts it on a free loopback port."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.uploads: dict[str, Seen] = {}
        self.announced: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, FakeJob] = {}
        self.job_parts = 3
        self.result_elsewhere = False
        self.fail_jobs_with: int | None = None
        self.cancelled_usage: dict[str, Any] | None = None
        self.lock = threading.Lock()
        self._keys: dict[str, str] = {}
        self._next: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gateway = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.host}/v1"

    def next(self, path: str, *behaviours: str) -> None:
        """Set what the next calls to a path do instead of the right thing."""
        self._next += [(path, behaviour) for behaviour in behaviours]

    def take(self, path: str) -> str | None:
        with self.lock:
            for index, (begin, behaviour) in enumerate(self._next):
                if path.startswith(begin):
                    del self._next[index]
                    return behaviour
        return None

    def start(self, request: Seen) -> FakeJob:
        """The job of a request; the same job for the same Idempotency-Key."""
        key = request.headers.get("idempotency-key")
        with self.lock:
            if key is not None and key in self._keys:
                return self.jobs[self._keys[key]]
            job = FakeJob(f"job_{len(self.jobs):024x}", request)
            upload = self.uploads.get(_value(request, "upload_id") or "")
            job.file_bytes = None if upload is None else upload.file_bytes
            self.jobs[job.id] = job
            if key is not None:
                self._keys[key] = job.id
            return job

    def calls(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and seen.path.startswith(path)]

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Method and path of each request, ids as `*`."""
        return [
            (seen.method, "/".join("*" if "_" in part else part for part in seen.path.split("/"))) for seen in self.seen
        ]

    def state(self) -> dict[str, Any]:
        jobs = [
            {"id": job.id, "status": job.status, "fields": job.request.fields or job.request.json}
            for job in self.jobs.values()
        ]
        uploads = [{"bytes": each.file_bytes, "sha256": each.file_sha256} for each in self.uploads.values()]
        return {"sent": self.sent, "jobs": jobs, "uploads": uploads, "announced": list(self.announced.values())}

    def reset(self) -> None:
        self.seen, self.uploads, self.announced, self.jobs, self._keys, self._next = [], {}, {}, {}, {}, []
        self.job_parts, self.result_elsewhere, self.fail_jobs_with, self.cancelled_usage = 3, False, None, None


class _Server(LoopbackServer):
    gateway: FakeGateway

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: the tests end connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = _PIECE  # head and body in one packet
    server: _Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        gateway = self.server.gateway
        url = urlsplit(self.path)
        if url.path.startswith("/_"):
            return self._control(url.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        seen = Seen(self.command, url.path, query, {name.lower(): value for name, value in self.headers.items()})
        gateway.seen.append(seen)
        behaviour = gateway.take(url.path)
        if behaviour == "drop":
            self.rfile.read(min(int(self.headers.get("content-length", 0)), 300_000))
            return self._hang_up()
        self._read(seen)
        if behaviour == "drop-answer":
            self._answer_to(seen, url.path, lambda *_a, **_k: None)
            return self._hang_up()
        if behaviour is not None and behaviour.startswith("xml="):
            status, code = behaviour.removeprefix("xml=").split(":")
            body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
            return self._send(int(status), body, "application/xml")
        if behaviour is not None and behaviour != "half":
            status, _, retry = behaviour.partition(":")
            return self._error(int(status), "told_to", retry=not retry)
        self._answer_to(seen, url.path, self._send_half if behaviour == "half" else self._send)
        return None

    # ------------------------------------------------------------ the calls
    def _answer_to(self, seen: Seen, path: str, send: Any) -> None:  # noqa: PLR0911 - a table of calls
        gateway = self.server.gateway
        if path == "/bucket":
            return self._bucket(seen, send)
        if path.startswith("/elsewhere/"):
            assert "authorization" not in seen.headers
            return send(200, b"from elsewhere", "text/plain")
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return self._error(401, "invalid_api_key", retry=False)
        if path == "/v1/audio/voices":
            named = [("ash", "en-us", "male"), ("en-gb", "en", None), ("anna", None, None)]
            voices = [{"id": id_, "name": id_, "language": spoken, "gender": gender} for id_, spoken, gender in named]
            return send(200, json.dumps({"object": "list", "data": voices}).encode(), "application/json")
        if path == "/v1/models":
            models: list[dict[str, Any]] = [
                {"id": "talker", "endpoints": ["speech"], "price": {"usd_per_million_characters": "15"}},
                {
                    "id": "listener",
                    "endpoints": ["transcriptions"],
                    "price": {"usd_per_minute": "0.006"},
                    "languages": ["en"],
                },
            ]
            models.append({**models[1], "id": "polyglot", "languages": ["en", "de", *(f"l{n}" for n in range(97))]})
            models.append({**models[0], "id": "tts-1", "alias_of": "talker"})
            common = {"object": "model", "alias_of": None, "languages": None, "owned_by": "openai"}
            models = [common | model for model in models]
            return send(200, json.dumps({"object": "list", "data": models}).encode(), "application/json")
        parts = path.removeprefix("/v1/audio/").split("/")
        if parts[0] == "uploads":
            return self._announce(seen, send)
        if parts[0] == "jobs":
            return self._job(gateway.jobs[parts[1]], parts[2:], seen, send)
        if (seen.file_bytes or 0) > MOST_BYTES:
            return self._error(413, "request_too_large", retry=False)
        if _value(seen, "background") in {"true", True}:
            return send(202, json.dumps(self._shape(gateway.start(seen))).encode(), "application/json")
        return self._result(seen, seen.file_bytes, send)

    def _announce(self, seen: Seen, send: Any) -> None:
        gateway = self.server.gateway
        if seen.json["bytes"] > 2 * 1024**3:
            return self._error(413, "too_large", retry=False)
        with gateway.lock:
            upload_id = f"upload_{len(gateway.announced):024x}"
            gateway.announced[upload_id] = seen.json
        form = {"url": f"{gateway.host}/bucket", "fields": {"key": upload_id, "policy": "p"}}
        return send(200, json.dumps({"id": upload_id, "object": "audio.upload", **form}).encode(), "application/json")

    def _bucket(self, seen: Seen, send: Any) -> None:
        assert "authorization" not in seen.headers, "the key was sent to the bucket"
        assert "content-length" in seen.headers, "a bucket needs the length"
        upload_id = seen.fields["key"]
        if (seen.file_bytes or 0) > self.server.gateway.announced[upload_id]["bytes"]:
            body = b"<Error><Code>EntityTooLarge</Code><Message>Too large.</Message></Error>"
            return send(400, body, "application/xml")
        self.server.gateway.uploads[upload_id] = seen
        return send(204, b"", "text/plain")

    def _job(self, job: FakeJob, parts: list[str], seen: Seen, send: Any) -> None:
        gateway = self.server.gateway
        if parts == ["cancel"]:
            job.status = "cancelled"
        elif parts == ["content"]:
            job.looks += 1
            if job.looks < gateway.job_parts:
                time.sleep(min(int(seen.query.get("wait", "0")), 25) / 1000)
                self.send_response(303)
                self.send_header("location", f"{seen.path}?wait={seen.query.get('wait')}&hop=1")
                self.send_header("content-length", "0")
                self.end_headers()
                return None
            job.status = "succeeded"
            if gateway.fail_jobs_with is not None:
                return self._error(gateway.fail_jobs_with, "chunk_failed", retry=False)
            if gateway.result_elsewhere:
                self.send_response(303)
                self.send_header("location", f"http://localhost:{self.server.server_address[1]}/elsewhere/result")
                self.send_header("content-length", "0")
                self.end_headers()
                return None
            return self._result(job.request, job.file_bytes, send)
        return send(200, json.dumps(self._shape(job)).encode(), "application/json")

    def _shape(self, job: FakeJob) -> dict[str, Any]:
        progress = {"completed": job.looks, "total": self.server.gateway.job_parts}
        usage = self.server.gateway.cancelled_usage if job.status == "cancelled" else None
        return {"id": job.id, "object": "audio.job", "status": job.status, "progress": progress, "usage": usage}

    def _result(self, request: Seen, file_bytes: int | None, send: Any) -> None:
        if request.path.endswith("/speech"):
            return send(200, b"RIFF" + str(len(request.json["input"])).encode(), "audio/wav")
        text = f"{file_bytes} bytes"
        wanted = _value(request, "response_format") or "json"
        if _value(request, "stream") in {"true", True}:
            events = [{"type": "transcript.text.delta", "delta": text}, {"type": "transcript.text.done", "text": text}]
            body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
            return send(200, body.encode(), "text/event-stream")
        if wanted in {"json", "verbose_json"}:
            return send(
                200, json.dumps({"text": text, "language": "english", "duration": 1.0}).encode(), "application/json"
            )
        return send(200, f"{wanted}: {text}\n".encode(), "text/plain; charset=utf-8")

    # ------------------------------------------------------------ HTTP
    def _read(self, seen: Seen) -> None:
        kind = seen.headers.get("content-type", "")
        body = _Body(self.rfile, self.headers)
        if "boundary=" in kind:
            _read_form(seen, body, b"--" + kind.partition("boundary=")[2].strip('"').encode())
        elif "json" in kind:
            seen.json = json.loads(body.rest() or b"{}")
        else:
            body.rest()

    def _send_half(self, status: int, body: bytes, kind: str) -> None:
        self._send(status, body, kind, sent=len(body) // 2)
        self._hang_up()

    def _send(self, status: int, body: bytes, kind: str, sent: int | None = None) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
        self.send_header("x-request-id", "req_fake")
        self.end_headers()
        self.wfile.write(body[:sent])

    def _error(self, status: int, code: str, *, retry: bool) -> None:
        body = json.dumps(
            {"error": {"message": f"It is {code}.", "type": "error", "param": None, "code": code}}
        ).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-request-id", "req_fake")
        if not retry:
            self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def _control(self, path: str) -> None:
        if path == "/_state":
            return self._send(200, json.dumps(self.server.gateway.state()).encode(), "application/json")
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        if path == "/_reset":
            self.server.gateway.reset()
        for name, value in asked.items():
            if name == "next":
                self.server.gateway.next(*value)
            else:
                setattr(self.server.gateway, name, value)
        return self._send(200, b"{}", "application/json")


class _Body:
    """A request's body, read piece by piece."""

    def __init__(self, file: Any, headers: Any) -> None:
        self._file = file
        self._left = int(headers.get("content-length", 0))
        self._chunked = "chunked" in headers.get("transfer-encoding", "")

    def piece(self) -> bytes:
        """The next bytes, none at the end. Raises EOFError if the connection ends before it."""
        if self._chunked and not self._left:
            size = int(self._file.readline().split(b";")[0], 16)
            self._left = size
            if not size:
                self._file.readline()
                self._chunked = False
                return b""
        if not self._left:
            return b""
        read: bytes = self._file.read(min(self._left, _PIECE))
        if not read:
            raise EOFError
        self._left -= len(read)
        if self._chunked and not self._left:
            self._file.readline()
        return read

    def rest(self) -> bytes:
        return b"".join(iter(self.piece, b""))


def _read_form(seen: Seen, body: _Body, delimiter: bytes) -> None:
    """Read a form without keeping its file."""
    buffer, at_end = b"\r\n", False

    def more() -> None:
        nonlocal buffer, at_end
        piece = body.piece()
        at_end = not piece
        buffer += piece

    delimiter = b"\r\n" + delimiter
    while delimiter not in buffer and not at_end:
        more()
    buffer = buffer.partition(delimiter)[2]
    while True:
        while b"\r\n\r\n" not in buffer and not at_end and not buffer.startswith(b"--"):
            more()
        if buffer.startswith(b"--") or at_end:
            break
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        is_file = b"filename=" in head
        length, digest, value = 0, hashlib.sha256(), b""
        while True:
            found = buffer.find(delimiter)
            ready = buffer if found < 0 and at_end else buffer[: found if found >= 0 else -len(delimiter)]
            length += len(ready)
            if is_file:
                digest.update(ready)
            else:
                value += ready
            buffer = buffer[len(ready) :]
            if found >= 0 or at_end:
                break
            more()
        buffer = buffer[len(delimiter) :]
        if is_file:
            seen.filename = head.partition(b'filename="')[2].partition(b'"')[0].decode()
            seen.file_bytes, seen.file_sha256 = length, digest.hexdigest()
        else:
            seen.fields[name] = value.decode()
    body.rest()


def _value(request: Seen, name: str) -> Any:
    return request.json.get(name, request.fields.get(name))


if __name__ == "__main__":
    with FakeGateway() as running:
        print(running.base_url, flush=True)
        sys.stdin.read()
