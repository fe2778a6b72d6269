"""A process that speaks one utterance, as the function sees it. Nothing that it says is believed unseen."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, ProviderTimedOut, ProviderUnavailable
from audio_gateway.providers.embedded.confined import frames

PROVIDER: Final = "embedded"

_SILENCE_S: Final = 10.0  # between two frames, which come hundreds of times faster than they are heard
_AT_LEAST_S: Final = 0.001  # what is there already is read also when the time is up
_CLOSE_ON_EXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # macOS has none


class Died(Exception):
    """The process is gone, is silent, or does what it never would by itself."""


def unavailable() -> ProviderUnavailable:
    """The error for what is no text's doing."""
    return ProviderUnavailable("The model is not available at the moment. Try again.", provider=PROVIDER)


class Speaker:
    """A process that was asked for over a server's connection, with its utterance. Whoever makes one calls `end`.

    Raises:
        Died, OSError: it has not begun.
        ProviderTimedOut: it had not begun when the deadline passed.
    """

    def __init__(self, server: socket.socket, utterance: bytes, deadline: Deadline) -> None:
        self._deadline = deadline
        self._handle: int | None = None
        self._connection, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(server, [b"\0"], [theirs.fileno()])
            self._begin(utterance)
        except BaseException:
            self.end()
            raise

    def pieces(self, most_bytes: int) -> Iterator[bytes]:
        """S16le mono, as it comes.

        Raises:
            Died: before all was said, or when that was more than `most_bytes`.
            ProviderTimedOut: nothing more had come when the deadline passed.
            ConfigurationError: there is no such voice.
            ProviderUnavailable: it could not be confined, and has not spoken.
        """
        while (pcm := self._next()) is not None:
            most_bytes -= len(pcm)
            if most_bytes < 0:
                raise Died
            yield pcm

    def end(self) -> None:
        """Kill it, unless it has ended by itself; where that is refused, its limits and the closed connection do."""
        self._connection.close()
        if self._handle is not None:
            with suppress(OSError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            os.close(self._handle)
            self._handle = None

    def _begin(self, utterance: bytes) -> None:
        with self._patience():
            self._connection.sendall(utterance)
            # It has not read the utterance yet, so that this is believed: a descriptor by which it can be killed.
            header, handles, _, _ = socket.recv_fds(self._connection, frames.HEADER_BYTES, 1, _CLOSE_ON_EXEC)
        self._handle = handles[0] if handles else None
        if header != frames.frame(frames.READY):
            raise Died

    def _next(self) -> bytes | None:
        kind, length = frames.parse_header(self._read(frames.HEADER_BYTES))
        if kind == frames.AUDIO and length <= frames.LONGEST and length % 2 == 0:
            return self._read(length)
        if kind == frames.NO_VOICE:
            raise ConfigurationError("eSpeak NG cannot load a voice that it lists")
        if kind == frames.FAILED:
            raise unavailable()
        if kind != frames.DONE:
            raise Died
        return None

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            with self._patience():
                piece = self._connection.recv(size - len(data))
            if not piece:
                raise Died
            data += piece
        return bytes(data)

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """What is done in it takes until the deadline, and no longer than `_SILENCE_S`."""
        self._connection.settimeout(max(_AT_LEAST_S, min(_SILENCE_S, self._deadline.remaining_s())))
        try:
            yield
        except OSError as error:
            if isinstance(error, TimeoutError) and self._deadline.passed:
                message = "The speech was not ready in time. Send less text at once."
                raise ProviderTimedOut(message, provider=PROVIDER) from None
            raise Died from error
