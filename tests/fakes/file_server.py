"""A web server with files, redirects and bad manners, on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from tests.fakes.server import LoopbackServer

Answer = tuple[int, dict[str, str], bytes]


class FileServer:
    """Answers GETs of the paths in `files`, ranges too, and `answers`; `heard` has the requests' paths and headers.

    `drip` sends its body a byte at a time, and so a header of `drip_headers`; `short` announces more than it sends.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, Answer] = {}
        self.drip: set[str] = set()
        self.drip_headers: set[str] = set()
        self.heard: list[tuple[str, dict[str, str]]] = []
        self._ended = threading.Event()
        self._server = LoopbackServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def host(self) -> str:
        """As AUDIO_GATEWAY_ALLOW_HOSTS takes it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str) -> str:
        """The URL of a path."""
        return f"http://{self.host}{path}"

    def answer(self, path: str) -> Answer:
        """Status, headers and body of a path."""
        if path in self.files:
            return 200, {"Content-Length": str(len(self.files[path]))}, self.files[path]
        return self.answers.get(path, (404, {"Content-Length": "0"}, b""))

    def write(self, path: str, body: bytes, write: Callable[[bytes], Any]) -> None:
        """Send a body as the path's manners are."""
        if path not in self.drip | self.drip_headers:
            write(body)
            return
        for byte in body:
            if self._ended.is_set():
                return
            write(bytes([byte]))
            time.sleep(0.05)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, headers, body = server.answer(self.path)
            if self.path in server.files and "Range" in self.headers:
                first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
                size, body = len(body), body[first : last + 1]
                status = 206
                headers = {
                    "Content-Length": str(len(body)),
                    "Content-Range": f"bytes {first}-{first + len(body) - 1}/{size}",
                }
            self.close_connection = True
            if self.path in server.drip_headers:
                body = b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 400
            else:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()
            try:
                server.write(self.path, body, self.wfile.write)
            except OSError:
                return  # the client has heard enough

        def log_message(self, *_: object) -> None:
            return

    return Handler
