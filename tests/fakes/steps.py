"""A body that a test sends piece by piece, as a provider that is still at work would."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

PATIENCE_S: Final = 30.0
_LOOK_S: Final = 0.02  # how often a waiting server looks whether its client has disconnected


class StepsCut(Exception):
    """The body breaks off here."""


class Steps:
    """The pieces of one answer: the test sends them, and the server's thread passes them on.

    If the test sends nothing for `PATIENCE_S`, the body breaks off.
    """

    def __init__(self) -> None:
        self._pieces: queue.SimpleQueue[bytes | StepsCut | None] = queue.SimpleQueue()
        self._asked = threading.Event()
        self._disconnected = threading.Event()

    def send(self, piece: bytes) -> None:
        """Send a piece."""
        self._pieces.put(piece)

    def end(self) -> None:
        """End the body."""
        self._pieces.put(None)

    def cut(self) -> None:
        """Close the connection without the end of the body."""
        self._pieces.put(StepsCut())

    def wait_until_asked(self) -> None:
        """Wait for the request that this body answers."""
        assert self._asked.wait(PATIENCE_S), "the provider was not asked"

    def wait_until_disconnected(self) -> None:
        """Wait until the client has closed the connection before the end of the body."""
        assert self._disconnected.wait(PATIENCE_S), "the client did not disconnect from the provider"

    @property
    def left(self) -> int:
        """How many pieces wait to be taken, because the client reads slowly."""
        return self._pieces.qsize()

    def taken(self, connection: socket.socket) -> Iterator[bytes]:
        """The pieces as they come, for the server. Raises `StepsCut`, and `ConnectionError` if the client is gone."""
        self._asked.set()
        give_up_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            if _is_closed(connection):
                self.disconnected()
                raise ConnectionResetError("the client has disconnected")
            with suppress(queue.Empty):
                piece = self._pieces.get(timeout=_LOOK_S)
                if piece is None:
                    return
                if isinstance(piece, StepsCut):
                    raise piece
                yield piece
                give_up_at = time.monotonic() + PATIENCE_S
        raise StepsCut

    def disconnected(self) -> None:
        """For the server: the client has closed the connection."""
        self._disconnected.set()


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
