"""A proxy between a client and a gateway that closes a connection in the middle of an answer."""

from __future__ import annotations

import socket
import threading
from collections import deque
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Self
from urllib.parse import urlsplit

_PIECE_BYTES = 65_536


class CuttingProxy:
    """Passes the bytes of each connection on in both directions. Starts on entering.

    `cut_after(n)`: the next connection is closed, on both sides, once `n` bytes of the answer have been passed on.
    """

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        assert parts.hostname
        self.target = parts.hostname, parts.port or 80
        self.limits: deque[int] = deque()
        self._path = parts.path

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        """The gateway's address by way of the proxy."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"

    def cut_after(self, size: int) -> None:
        """Cut the answer of the next connection."""
        self.limits.append(size)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    proxy: CuttingProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that is lost is no fault here."""


class _Handler(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        proxy = self.server.proxy
        left = proxy.limits.popleft() if proxy.limits else None
        with socket.create_connection(proxy.target) as gateway:
            threading.Thread(target=_pass_on, args=(self.connection, gateway), daemon=True).start()
            while left != 0 and (piece := gateway.recv(_PIECE_BYTES if left is None else left)):
                self.connection.sendall(piece)
                left = None if left is None else left - len(piece)
            gateway.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(_PIECE_BYTES):
            target.sendall(piece)
    except OSError:
        return
