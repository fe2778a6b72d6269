"""A proxy in front of a local AWS that misbehaves as configured, and records what passed.

    with FaultyAws(endpoint_url) as aws:
        aws.fault(THROTTLED, operation="PutItem", pk="LEDGER#", times=3)
        aws.fault(lose_the_answer, operation="UpdateItem", pk="ACCOUNT#key_1", containing="REMOVE holds")
        aws.fault(SERVER_ERROR, operation="PUT", path="/bucket/unsettled/")
        pause = aws.pause(operation="PutItem")
        …
        request = pause.arrived()           # it waits in the proxy
        pause.forward()                     # or pause.drop()
        assert [call.operation for call in aws.calls] == …

No emulator throttles, loses answers or delivers twice; AWS and the network in front of it do. Whatever is not told to
fail passes unchanged: methods, paths, headers with their Host, and bodies to the byte, so that signatures stay valid.

`operation` is the last part of X-Amz-Target (PutItem, StartExecution), or the HTTP method where there is none (S3).
`pk` is how a partition key that the request names begins, `containing` a part of its body. A rule acts on `times`
matching requests after it has let `skip` pass; the first rule that matches acts.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import urlsplit

from tests.fakes.owners import look, process_of
from tests.fakes.server import LoopbackServer

Headers = list[tuple[str, str]]

_PATIENCE_S: Final = 30
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
_DYNAMODB: Final = "DynamoDB_20120810."
_MESSAGE: Final = "The proxy was told to say so."


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `length` is the Content-Length of an answer to HEAD, which has no body."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    length: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request on its way. `keys` are the primary keys of the items that it names, as (pk, sk)."""

    method: str
    path: str
    headers: Headers
    body: bytes = field(repr=False)
    invocation: str
    operation: str
    dynamodb: bool
    keys: tuple[tuple[str, str], ...]
    client_port: int
    proxy: FaultyAws = field(repr=False)

    def forward(self) -> Answer:
        """Let it pass."""
        return self.proxy.send(self)

    @property
    def process(self) -> int:
        """The id of the process that waits for the answer."""
        return process_of(self.client_port, self.proxy.port)


Act = Callable[[Request], Answer | None]
"""What is done with a request; None hangs up on the client."""


@dataclass(frozen=True, slots=True)
class Call:
    """What passed, without a value of it: `fault` is what was done to it, `status` None if the client got no answer.

    All tries of one call have the same `invocation`.
    """

    invocation: str
    operation: str
    path: str
    keys: tuple[tuple[str, str], ...]
    fault: str | None
    status: int | None


# ---------------------------------------------------------------- what can be done with a request


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as the service answers it, instead of (or with `after`, in spite of) doing what was asked."""

    status: int
    code: str
    after: bool = False

    def __call__(self, request: Request) -> Answer:
        if self.after:
            request.forward()
        return self._dynamodb() if request.dynamodb else self._s3()

    def _dynamodb(self) -> Answer:
        fault = {"__type": f"com.amazonaws.dynamodb.v20120810#{self.code}", "message": _MESSAGE}
        body = json.dumps(fault).encode()
        headers = [("Content-Type", "application/x-amz-json-1.0"), ("x-amz-crc32", str(zlib.crc32(body)))]
        return Answer(self.status, "Error", [*headers, ("x-amzn-RequestId", "PROXY")], body)

    def _s3(self) -> Answer:
        text = f"<Code>{self.code}</Code><Message>{_MESSAGE}</Message>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{text}<RequestId>PROXY</RequestId></Error>'.encode()
        return Answer(self.status, "Error", [("Content-Type", "application/xml"), ("x-amz-request-id", "PROXY")], body)


THROTTLED: Final = Refusal(400, "ProvisionedThroughputExceededException")
THROTTLED_BY_THE_ACCOUNT: Final = Refusal(400, "ThrottlingException")
CONFLICT: Final = Refusal(400, "TransactionConflictException")
SERVER_ERROR: Final = Refusal(500, "InternalServerError")
SERVER_ERROR_AFTERWARDS: Final = Refusal(500, "InternalServerError", after=True)


def hang_up(request: Request) -> None:
    """The connection ends before the request was delivered."""


def lose_the_answer(request: Request) -> None:
    """The request takes effect, and the connection ends before the answer."""
    request.forward()


def deliver_twice(request: Request) -> Answer:
    """As a network or a client library may; the client gets the answer to the second delivery."""
    request.forward()
    return request.forward()


@dataclass(frozen=True, slots=True)
class Slow:
    """So many seconds pass before the request is delivered, or before its answer is."""

    before_s: float = 0.0
    after_s: float = 0.0

    def __call__(self, request: Request) -> Answer:
        request.proxy.wait(self.before_s)
        answer = request.forward()
        request.proxy.wait(self.after_s)
        return answer


class Pause:
    """Stops one request until somebody decides about it: before it is delivered, or with `after` before its answer.

    With `kill` its process is killed (`kill -9`) at that moment: here, where its client has no time to lose patience.
    """

    def __init__(self, *, after: bool, kill: bool) -> None:
        self.rule: Rule | None = None  # which requests are stopped
        self._after = after
        self._kill = kill
        self._arrived: Request | None = None
        self._here = threading.Event()
        self._decided = threading.Event()
        self._drop = False

    def __call__(self, request: Request) -> Answer | None:
        process = request.process if self._kill else None
        answer = request.forward() if self._after else None
        if process is not None:
            os.kill(process, signal.SIGKILL)
        self._arrived = request
        self._here.set()
        self._decided.wait(_PATIENCE_S)
        if self._drop:
            return None
        return answer or request.forward()

    def arrived(self, timeout_s: float = _PATIENCE_S) -> Request:
        """The request, once it waits here."""
        if not self._here.wait(timeout_s) or self._arrived is None:
            raise TimeoutError("no request came that could be paused")
        return self._arrived

    def forward(self) -> None:
        """Let it go on."""
        self._decide()

    def drop(self) -> None:
        """Hang up: what has not been delivered never is."""
        self._drop = True
        self._decide()

    def _decide(self) -> None:
        if self.rule is not None:
            self.rule.stop()
        self._decided.set()


# ---------------------------------------------------------------- the proxy


@dataclass(slots=True)
class Rule:
    """Which requests are acted on. `left` None: all of them from now on; `hits` counts."""

    act: Act
    operation: str | None
    path: str
    pk: str
    containing: bytes
    skip: int
    left: int | None
    hits: int = 0

    def takes(self, request: Request) -> bool:
        """Whether this request is its to act on; asking counts."""
        if self.left == 0 or self.operation not in (None, request.operation):
            return False
        if not request.path.startswith(self.path) or self.containing not in request.body:
            return False
        if self.pk and not any(pk.startswith(self.pk) for pk, _ in request.keys):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        if self.left is not None:
            self.left -= 1
        return True

    def stop(self) -> None:
        """Act no more."""
        self.left = 0


class FaultyAws:
    """The proxy; starts on entering, on a free port of the loopback. `target` may be told later: requests wait."""

    def __init__(self, target: str | None = None) -> None:
        self.calls: list[Call] = []
        self._target: tuple[str, int] | None = None
        self._known = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self.port = 0
        if target is not None:
            self.forward_to(target)

    def start(self) -> FaultyAws:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.proxy = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._end()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def forward_to(self, target: str) -> None:
        """Where the AWS is that all goes to, as http://host:port."""
        parts = urlsplit(target)
        assert parts.hostname
        self._target = (parts.hostname, parts.port or 80)
        self._known.set()

    def fault(
        self,
        act: Act,
        *,
        operation: str | None = None,
        path: str = "",
        pk: str = "",
        containing: str = "",
        skip: int = 0,
        times: int | None = 1,
    ) -> Rule:
        """From now on, do this with the requests that match; `times=None` for all of them."""
        rule = Rule(act, operation, path, pk, containing.encode(), skip, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def pause(self, *, after: bool = False, kill: bool = False, **match: Any) -> Pause:
        """Stop the next request that matches; see `fault`."""
        if kill:
            look()  # so that whose it is will be known at once
        pause = Pause(after=after, kill=kill)
        pause.rule = self.fault(pause, **match)
        return pause

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Refuse every connection, and break off those that there are."""
        self._end()
        with socket.socket() as place:  # bound and deaf, so no other process gets the port
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(("127.0.0.1", self.port))
            try:
                yield
            finally:
                self.start()

    def reset(self) -> None:
        """Forget all calls and all configured faults."""
        with self._lock:
            self._rules.clear()
            self.calls.clear()

    def count(self, operation: str, pk: str = "") -> int:
        """How many of these came, about an item whose partition key begins so."""
        with self._lock:
            calls = list(self.calls)
        return sum(
            call.operation == operation and (not pk or any(key[0].startswith(pk) for key in call.keys))
            for call in calls
        )

    # ------------------------------------------------------------ for requests and acts

    def handle(self, request: Request) -> Answer | None:
        """Do with a request as was told, and remember it; None: hang up."""
        with self._lock:
            act = next((rule.act for rule in self._rules if rule.takes(request)), None)
        answer = None
        try:
            answer = request.forward() if act is None else act(request)
        finally:
            fault = None if act is None else getattr(act, "code", getattr(act, "__name__", type(act).__name__))
            status = None if answer is None else answer.status
            call = Call(request.invocation, request.operation, request.path, request.keys, fault, status)
            with self._lock:
                self.calls.append(call)
        return answer

    def send(self, request: Request) -> Answer:
        """Deliver it, on a connection of its own: one that is kept could have gone stale, and twice is not once."""
        if not self._known.wait(_PATIENCE_S) or self._target is None:
            raise ConnectionAbortedError("nobody said where to forward to")
        connection = http.client.HTTPConnection(*self._target, timeout=_PATIENCE_S)
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                connection.putheader(name, value)
            if request.body or request.method in {"POST", "PUT"}:
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            got = connection.getresponse()
            body = got.read()
            headers = [(name, value) for name, value in got.getheaders() if name.lower() not in _HOP_BY_HOP]
            length = got.getheader("Content-Length") if request.method == "HEAD" else None
            return Answer(got.status, got.reason, headers, body, length)
        finally:
            connection.close()

    def wait(self, seconds: float) -> None:
        """Let time pass, but not beyond the end of the proxy."""
        if seconds and self._stopping.wait(seconds):
            raise ConnectionAbortedError("the proxy is stopping")

    def _end(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.break_off()
        self._thread.join()


class _Server(LoopbackServer):
    proxy: FaultyAws

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def break_off(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet."""

    def _pass(self) -> None:
        answer = self.server.proxy.handle(self._request())
        if answer is None:
            self.close_connection = True
            return
        length = str(len(answer.body)) if answer.length is None else answer.length
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in answer.headers)]
        if answer.status != http.HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {length}")
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - the base class's names

    def _request(self) -> Request:
        target = self.headers.get("x-amz-target", "")
        body = self._body()
        dynamodb = target.startswith(_DYNAMODB)
        return Request(
            method=self.command,
            path=self.path,
            headers=[(name, value) for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP],
            body=body,
            invocation=self.headers.get("amz-sdk-invocation-id", ""),
            operation=target.rpartition(".")[2] or self.command,
            dynamodb=dynamodb,
            keys=tuple(_keys(json.loads(body))) if dynamodb else (),
            client_port=self.client_address[1],
            proxy=self.server.proxy,
        )

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", "").lower():
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)


def _keys(value: Any) -> Iterator[tuple[str, str]]:
    """The primary keys of all items in a request: the objects that have both parts."""
    if isinstance(value, dict):
        if isinstance(value.get("pk"), dict) and isinstance(value.get("sk"), dict):
            yield next(iter(value["pk"].values())), next(iter(value["sk"].values()))
        else:
            for inner in value.values():
                yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
