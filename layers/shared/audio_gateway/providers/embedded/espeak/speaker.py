"""The function's side of a process that speaks one utterance. Everything that the process sends is checked."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, ProviderTimedOut, ProviderUnavailable
from audio_gateway.providers.embedded.espeak.confined import frames

PROVIDER: Final = "embedded"

_SILENCE_S: Final = 10.0  # between two frames, which arrive hundreds of times faster than they play
_AT_LEAST_S: Final = 0.001  # bytes that have arrived are read even when the time is up
_CLOSE_ON_EXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # macOS has none


class SpeakerDied(Exception):
    """The process ended, is silent, or sent something invalid."""


def unavailable() -> ProviderUnavailable:
    """The error for a failure that the text did not cause."""
    return ProviderUnavailable("The model is not available at the moment. Try again.", provider=PROVIDER)


class Speaker:
    """A process, forked by the server, that speaks one utterance. The caller must call `end`.

    Raises:
        SpeakerDied, OSError: it did not start.
        ProviderTimedOut: it did not start before the deadline.
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
        """S16le mono, as it arrives.

        Raises:
            SpeakerDied: it ended before the end of the text, or sent more than `most_bytes`.
            ProviderTimedOut: the deadline passed.
            ConfigurationError: there is no such voice.
            ProviderUnavailable: it could not be confined, and did not speak.
        """
        while (pcm := self._next()) is not None:
            most_bytes -= len(pcm)
            if most_bytes < 0:
                raise SpeakerDied
            yield pcm

    def end(self) -> None:
        """Kill it, unless it has ended. If that fails, its limits and the closed connection end it."""
        self._connection.close()
        if self._handle is not None:
            with suppress(OSError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            os.close(self._handle)
            self._handle = None

    def _begin(self, utterance: bytes) -> None:
        with self._time_limit():
            self._connection.sendall(utterance)
            # It has not read the utterance yet, so this is trusted: a descriptor with which it can be killed.
            header, handles, _, _ = socket.recv_fds(self._connection, frames.HEADER_BYTES, 1, _CLOSE_ON_EXEC)
        self._handle = handles[0] if handles else None
        if header != frames.frame(frames.READY):
            raise SpeakerDied

    def _next(self) -> bytes | None:
        kind, length = frames.parse_header(self._read(frames.HEADER_BYTES))
        if kind == frames.AUDIO and length <= frames.LONGEST and length % 2 == 0:
            return self._read(length)
        if kind == frames.NO_VOICE:
            raise ConfigurationError("eSpeak NG cannot load a voice that it lists")
        if kind == frames.FAILED:
            raise unavailable()
        if kind != frames.DONE:
            raise SpeakerDied
        return None

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            with self._time_limit():
                piece = self._connection.recv(size - len(data))
            if not piece:
                raise SpeakerDied
            data += piece
        return bytes(data)

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        """Limit the block to the deadline, and to `_SILENCE_S`."""
        self._connection.settimeout(max(_AT_LEAST_S, min(_SILENCE_S, self._deadline.remaining_s())))
        try:
            yield
        except OSError as error:
            if isinstance(error, TimeoutError) and self._deadline.passed:
                message = "The speech was not ready in time. Send less text in one request."
                raise ProviderTimedOut(message, provider=PROVIDER) from None
            raise SpeakerDied from error
