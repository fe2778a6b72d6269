"""A page in headless Chromium, of another origin than the gateway: it runs scripts, and reports to the test.

The page asks its own server for the next script and posts what the script says, so nothing drives the browser from
outside. The server also passes speech on, as the servers of web applications do that keep their key to themselves.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import pytest

from tests.fakes.server import LoopbackServer

PATIENCE_S: Final = 30.0
_PAGE: Final = b"""<!doctype html><title>A page</title><script>
(async () => {
  for (;;) {
    const { run, source, values } = await (await fetch('/next')).json();
    const say = async (value) => { await fetch('/say', { method: 'POST', body: JSON.stringify({ run, value }) }); };
    const script = `return (async () => { ${source} })()`;
    try { await new Function('say', 'values', script)(say, values); await say('done'); }
    catch (error) { await say(`failed: ${error} ${error.stack}`); }
  }
})();
</script>"""
_OPTIONS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@dataclass(frozen=True)
class Gateway:
    """Where the page's server gets speech."""

    base_url: str
    api_key: str


class Chromium:
    """The browser with its page; starts on entering. `folder` is for its profile."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self.folder = folder
        self.gateway = gateway
        self.scripts: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._run = 0

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.chromium = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        program = shutil.which("chromium")
        if program is None:
            pytest.skip("SKIPPED LOUDLY: chromium is not installed, no browser has read a stream")
        page = f"http://127.0.0.1:{self._server.server_address[1]}/"
        command = [program, *_OPTIONS, f"--user-data-dir={self.folder / 'profile'}", page]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def run(self, source: str, **values: Any) -> None:
        """Have the page run a script: the body of an async function that knows `say` and `values`."""
        self._run += 1
        self.scripts.put({"run": self._run, "source": source, "values": values})

    def listen(self) -> Any:
        """What the script says next; "done" comes at its end. What earlier scripts say late is dropped."""
        try:
            while True:
                said = self.said.get(timeout=PATIENCE_S)
                if said["run"] == self._run:
                    return said["value"]
        except queue.Empty:
            log = (self.folder / "log").read_text("utf-8", "replace")
            raise AssertionError(f"the page says nothing; the browser's log: {log[-2000:]}") from None


class _Server(LoopbackServer):
    chromium: Chromium

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a connection is no fault."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(_PAGE, "text/html; charset=utf-8")
        elif self.path == "/next":
            self._answer(json.dumps(self.server.chromium.scripts.get()).encode(), "application/json")
        elif self.path.startswith("/speak/"):
            self._speak(*self.path.split("/")[2:])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._answer(b"", "text/plain")
        self.server.chromium.said.put(json.loads(body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet."""

    def _answer(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _speak(self, model: str, response_format: str) -> None:
        """Pass speech on while it arrives."""
        gateway = self.server.chromium.gateway
        parts = urlsplit(gateway.base_url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
        asked = {"model": model, "voice": "alloy", "input": "Hello.", "response_format": response_format}
        headers = {"authorization": f"Bearer {gateway.api_key}", "content-type": "application/json"}
        connection.request("POST", f"{parts.path}/audio/speech", json.dumps(asked), headers)
        answer = connection.getresponse()
        self.send_response(answer.status)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(65_536):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
        connection.close()
