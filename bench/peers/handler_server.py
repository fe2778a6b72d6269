"""Our handlers behind the least HTTP server: `python -m bench.peers.handler_server CATALOGUE SOCKET`.

SOCKET is the number of a listening socket that the process inherits. The process serves one request at a time, like an
execution environment of Lambda. It makes of each request the event that API Gateway sends, in JSON with the body in
base64, reads it as the Lambda runtime does, and calls the handler. The provider is called over HTTP; accounts, claims
and caches are in memory and answer immediately.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.speech import SpeechDependencies, speech_app
from audio_gateway.api.transcriptions import TranscriptionApiDependencies, transcriptions_app
from audio_gateway.catalog.load import load_catalog
from audio_gateway.providers.registry import adapter_of
from bench.peers.wire import MessageReader
from tests.fakes.files import FakeFiles
from tests.fakes.gateway import Context, event
from tests.fakes.idempotency import FakeSpeechCache, fresh_idempotency, no_repetitions
from tests.fakes.jobs import empty_job_service
from tests.fakes.meter import free_billing

_BODY = "@BODY@"


class SocketResponse:
    """A `ResponseStream` on a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._head = b""
        self._ended = False

    def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in headers)]
        lines = [line for line in lines if not line.lower().startswith("content-length:")]
        self._head = "\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode("latin-1")

    def write(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self._connection.sendall(b"%b%x\r\n%b\r\n" % (head, len(data), data))

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._connection.sendall(self._head + b"0\r\n\r\n")

    def is_disconnected(self) -> bool:
        return False


def handlers(catalogue: Path) -> dict[str, Any]:
    """The handlers of speech and transcriptions by path, with the providers of the catalogue."""
    parts: dict[str, Any] = {
        "catalog": load_catalog(catalogue),
        "providers": adapter_of,
        "billing": free_billing(),
        "idempotency": fresh_idempotency(),
        "repetitions": no_repetitions(),
        "job_service": empty_job_service(),
        "results": None,  # nothing is too big
    }
    listening = TranscriptionApiDependencies(**parts, files=FakeFiles())
    return {
        "/audio/speech": lambda_handler(speech_app(SpeechDependencies(**parts, caches=FakeSpeechCache())), "speech"),
        "/audio/transcriptions": lambda_handler(transcriptions_app(listening), "transcriptions"),
    }


def serve(descriptor: int, by_path: dict[str, Any]) -> None:
    """Serve one connection after the other, until this process is ended."""
    with socket.socket(fileno=descriptor) as listener:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                _serve_connection(connection, by_path)


def _serve_connection(connection: socket.socket, by_path: dict[str, Any]) -> None:
    buffer = memoryview(bytearray(1 << 20))
    while True:
        body = bytearray()
        reader = MessageReader(body.extend)
        while not reader.complete:
            size = connection.recv_into(buffer)
            if not size:
                return
            reader.feed(buffer[:size])
        _answer(connection, json.loads(event_json(reader.head, body)), by_path)


def event_json(head: bytes, body: bytes | bytearray) -> bytes:
    """The event of a request, as the Runtime API gives it to a runtime."""
    request, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    made = event("POST", request.split(" ")[1], headers=headers)
    before, after = json.dumps(made | {"body": _BODY, "isBase64Encoded": True}).encode().split(_BODY.encode())
    return b"".join((before, base64.b64encode(body), after))


def _answer(connection: socket.socket, made: dict[str, Any], by_path: dict[str, Any]) -> None:
    response = SocketResponse(connection)
    by_path[made["path"]].stream(made, Context(), response)
    response.end()


if __name__ == "__main__":
    made = handlers(Path(sys.argv[1]))
    # The log lines are written, as on Lambda, but to nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    serve(int(sys.argv[2]), made)
