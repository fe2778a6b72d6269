"""A caller's server that receives webhooks: records all requests, and answers as configured."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from tests.fakes.server import LoopbackServer


@dataclass(frozen=True)
class Received:
    """A request. Names of headers are in lower case; `at` is in seconds of the monotonic clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


class Receiver:
    """Listens on 127.0.0.1 while it is entered. `answers[path]` are the statuses in order; 200 after the last.

    A status may be a pair with a value for the Location header, and a float is that many seconds without an answer.
    """

    def __init__(self) -> None:
        self.answers: defaultdict[str, list[Any]] = defaultdict(list)
        self._received: list[Received] = []
        self._changed = threading.Condition()
        self._server = LoopbackServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        self.place = f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        """Where that path is."""
        return f"http://{self.place}{path}"

    def at(self, path: str) -> list[Received]:
        """What came there."""
        with self._changed:
            return [each for each in self._received if each.path == path]

    def wait_for(self, path: str, count: int, seconds: float) -> list[Received]:
        """As `at`, as soon as there are so many."""
        give_up_at = time.monotonic() + seconds
        with self._changed:
            while len(found := [each for each in self._received if each.path == path]) < count:
                left = give_up_at - time.monotonic()
                assert left > 0, f"{len(found)} of {count} requests came to {path}"
                self._changed.wait(left)
        return found

    def _take(self, received: Received) -> Any:
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()
            answers = self.answers[received.path]
            return answers.pop(0) if answers else 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = take(Received(self.path, headers, body, time.monotonic()))
                if isinstance(answer, float):
                    time.sleep(answer)
                    self.close_connection = True
                    return
                status, location = answer if isinstance(answer, tuple) else (answer, None)
                self.send_response(status)
                if location is not None:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
