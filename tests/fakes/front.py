"""The gateway's handlers behind HTTP, and a bucket beside them, for real clients. Calls fail on their way as told.

    with Front() as front:
        front.behind = service
        front.next("waiting", "cut")         # the next call of this kind
        … base_url=front.base_url …

Kinds of calls:

    post            a request that may become a job
    waiting         GET of a job's result that is not there yet
    result          GET of one that is
    bucket          GET of a large result in the bucket

What may happen to one:

    lost            the connection ends before the request arrives
    cut             the request is done, and the connection ends before the answer
    half            … in the middle of the answer
    left            the connection ends while the request is being worked on, which goes on
    throttled       API Gateway answers 429
    broken          API Gateway answers 500, or the bucket 503
    table           DynamoDB does not answer while the function works

A job gets done between the first look at it and the next. Answers that fail have `retry-after-ms`, so that the SDKs do
not sleep. What begins with `/_` is for tests in other languages: see `Service.control`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes.gateway import Answer, call, event
from tests.fakes.server import LoopbackServer

FAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "post": ("lost", "cut", "left", "throttled", "broken", "table"),
    "waiting": ("lost", "cut", "throttled", "broken", "table"),
    "result": ("lost", "cut", "half", "throttled", "broken", "table"),
    "bucket": ("lost", "cut", "half", "broken"),
}
_PASSED_ON: Final = ("content-type", "idempotency-key", "x-stainless-retry-count")


class Service(Protocol):
    """What is behind the front."""

    @property
    def handlers(self) -> Mapping[str, Any]:
        """The functions, by the last part of their path; `jobs` for those of jobs."""
        ...

    def is_done(self, job_id: str) -> bool:
        """Whether there is a result."""
        ...

    def without_table(self) -> contextlib.AbstractContextManager[Any]:
        """A block in which DynamoDB does not answer."""
        ...

    def pass_time(self) -> None:
        """Get all jobs done."""
        ...

    def stored(self, key: str) -> bytes:
        """What lies in the bucket under a key."""
        ...

    def control(self, path: str, body: Any) -> Any:
        """Answer a call of a test that runs in another process."""
        ...


class Front:
    """The server; starts on entering, on a free port of the loopback. `behind` is told before the first call.

    `wait_s` is how long those who wait for a job are made to wait, whatever they ask for.
    """

    behind: Service
    wait_s = 0

    def __init__(self) -> None:
        self.at_work: list[threading.Thread] = []
        self._next: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._servers = [_Server(("127.0.0.1", 0), _Handler) for _ in range(2)]
        for server in self._servers:
            server.front = self
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.host}/v1"

    @property
    def bucket_url(self) -> str:
        """Another host, as S3 is: it must never receive the key."""
        return f"http://127.0.0.1:{self._servers[1].server_address[1]}/bucket"

    def next(self, kind: str, *faults: str) -> None:
        """What happens to the next calls of a kind."""
        self._next += [(kind, fault) for fault in faults]

    @property
    def left(self) -> list[tuple[str, str]]:
        """What has not happened yet."""
        return self._next

    def finish(self) -> None:
        """Wait for the work of calls that were left."""
        while self.at_work:
            self.at_work.pop().join(30)

    def take(self, kind: str) -> str | None:
        with self._lock:
            for index, (wanted, fault) in enumerate(self._next):
                if wanted == kind:
                    del self._next[index]
                    return fault
        return None


class _Server(LoopbackServer):
    front: Front

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that end are what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # head and body in one packet
    server: _Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        front, url = self.server.front, urlsplit(self.path)
        if url.path.startswith("/bucket/"):
            self._pass("bucket", self._stored)
        else:
            is_done = front.behind.is_done(url.path.split("/")[4])
            asked = event(
                "GET", url.path.removeprefix("/v1"), query=parse_qs(url.query) | {"wait": [str(front.wait_s)]}
            )
            if self._pass("result" if is_done else "waiting", lambda: _called(front.behind.handlers["jobs"], asked)):
                front.behind.pass_time()

    def do_POST(self) -> None:
        front, body = self.server.front, self._body()
        if self.path.startswith("/_"):
            with an_event_loop():
                self._tell(front.behind.control(self.path, json.loads(body)))
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() in _PASSED_ON}
        asked = event("POST", self.path.removeprefix("/v1"), body, headers=headers)
        asked["requestContext"] |= {"requestTimeEpoch": int(time.time() * 1000), "extendedRequestId": "of-a-gateway="}
        self._pass("post", lambda: _called(front.behind.handlers[self.path.rpartition("/")[2]], asked))

    def _stored(self) -> Answer:
        if "authorization" in self.headers:  # as S3 says it: the link is one already
            return Answer(400, {}, b"Only one auth mechanism allowed")
        return Answer(200, {}, self.server.front.behind.stored(urlsplit(self.path).path.removeprefix("/bucket/")))

    def _tell(self, value: Any) -> None:
        self._send(200, {"content-type": "application/json"}, json.dumps(value))

    def _pass(self, kind: str, serve: Callable[[], Answer]) -> bool:
        """Whether all went well."""
        fault = self.server.front.take(kind)
        if fault == "lost":
            self._hang_up()
        elif fault == "left":
            work = threading.Thread(target=serve, daemon=True)
            self.server.front.at_work.append(work)
            work.start()
            self._hang_up()
        elif fault == "throttled":
            self._error(429, "rate_limit_exceeded", {"retry-after": "1"})
        elif fault == "broken":
            self._error(503 if kind == "bucket" else 500, "broken")
        else:
            with self.server.front.behind.without_table() if fault == "table" else contextlib.nullcontext():
                answer = serve()
            self._hang_up() if fault == "cut" else self._give(answer, whole=fault != "half")
        return fault is None

    def _give(self, answer: Answer, *, whole: bool) -> None:
        headers = answer.headers | ({"retry-after-ms": "1"} if answer.status >= HTTPStatus.BAD_REQUEST else {})
        self._send(answer.status, headers, answer.body, whole=whole)

    def _error(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"error": {"message": "No.", "type": "server_error", "param": None, "code": code}})
        self._send(status, {"content-type": "application/json", "retry-after-ms": "1"} | (headers or {}), body)

    def _send(self, status: int, headers: dict[str, str], body: str | bytes, *, whole: bool = True) -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw if whole else raw[: len(raw) // 2])
        if not whole:
            self._hang_up()

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        return b"".join(self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


@contextlib.contextmanager
def an_event_loop() -> Iterator[None]:
    """The thread has one: Mangum runs an app on it, and would leave one behind of its own."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _called(handler: Any, asked: dict[str, Any]) -> Answer:
    with an_event_loop():
        return call(handler, asked)
