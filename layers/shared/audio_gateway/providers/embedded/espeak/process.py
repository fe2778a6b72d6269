"""The function's side of eSpeak NG: starts its process, requests speech, and ends processes that hang.

A text can make the C library write to wrong memory. So it runs in a confined process (`confined`): without the
function's environment and rights, and in a new process for each text. The function reads only bytes from it, never
objects, and accepts only bounded lengths.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, TextUnspeakable
from audio_gateway.providers.embedded.espeak.confined import frames
from audio_gateway.providers.embedded.espeak.confined.frames import SAMPLE_RATE
from audio_gateway.providers.embedded.espeak.files import espeak_files
from audio_gateway.providers.embedded.espeak.speaker import PROVIDER, Speaker, SpeakerDied, unavailable

_PROGRAM: Final = (
    "import sys; sys.path.append(sys.argv[1]);"
    "from audio_gateway.providers.embedded.espeak.confined.server import main; main(*sys.argv[2:])"
)
_LAYER: Final = Path(__file__).parents[4]
_PASSED_ON: Final = ("LD_LIBRARY_PATH",)  # where Lambda's Python finds its own library
_START_S: Final = 10.0
_TRIES: Final = 2  # the process may have died since the last request
_MOST_BYTES_ANYWAY: Final = (
    1024 * 1024
)  # the name of a script that the voice does not know takes seconds to speak, once
_MOST_BYTES_A_CHARACTER: Final = 4 * SAMPLE_RATE  # 2 s; the slowest script of the slowest voice comes to 0.4 s


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A text and how to speak it: `voice` is an identifier with an optional `+variant`, `pitch` is 0 to 99."""

    text: str
    voice: str
    pitch: int


class _Server:
    """The server's process and the connection to it. It reads no text, so its messages are trusted."""

    def __init__(self, command: Sequence[str]) -> None:
        self.connection, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    command,
                    env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                    cwd="/",
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
        except OSError:
            self.connection.close()
            raise
        self.voices: tuple[frames.VoiceFacts, ...] = ()

    def greet(self) -> None:
        """Wait until it has started, and read its voices, once.

        Raises:
            OSError: it did not start in time, or ended.
            ConfigurationError: it reports why it cannot serve.
        """
        if self.voices:
            return
        self.connection.settimeout(_START_S)
        kind, length = frames.parse_header(self._read(frames.HEADER_BYTES))
        payload = self._read(length)
        if kind != frames.HELLO:
            raise ConfigurationError(f"eSpeak NG did not start: {payload.decode()}")
        filters, voices = frames.parse_hello(payload)
        if not filters:
            _hide_memory()
        self.voices = tuple(voices)

    def is_running(self) -> bool:
        """Whether it is running."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it, and with it all its speaking processes."""
        self.connection.close()
        self._process.kill()
        self._process.wait()

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                raise ConnectionResetError
            data += piece
        return data


class EspeakProcess:
    """Starts the server when it is first needed, and again if it has died. Thread-safe."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._server: _Server | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the server without waiting. If it cannot start, the first request tries again."""
        with self._lock, suppress(OSError):
            if self._server is None:
                self._server = _Server(self._command)

    def voices(self) -> tuple[frames.VoiceFacts, ...]:
        """Every language of eSpeak NG, in its own order.

        Raises:
            ConfigurationError: the library cannot be loaded.
            ProviderUnavailable: no process could be started.
        """
        return self._running().voices

    def speak(self, utterance: SpokenText, deadline: Deadline) -> Iterator[bytes]:
        """S16le mono in pieces, as they are made. Closing the iterator ends the speaking process.

        Equal calls return equal bytes.

        Raises:
            TextUnspeakable: the text crashed the process, or exceeded its limits of memory or time.
            ProviderTimedOut: the deadline passed.
            ProviderUnavailable: no process could be started, or the server ended.
            ConfigurationError: the library cannot be loaded, or its data do not contain the voice.
        """
        said = frames.utterance(utterance.text.encode(), utterance.voice, utterance.pitch)
        server, speaker = self._speaker(said, deadline)
        try:
            yield from speaker.pieces(_MOST_BYTES_ANYWAY + len(utterance.text) * _MOST_BYTES_A_CHARACTER)
        except SpeakerDied:
            if not server.is_running():  # not caused by the text
                raise unavailable() from None
            message = "The model cannot speak this text. Change 'input', send it in parts, or use another model."
            raise TextUnspeakable(message, provider=PROVIDER) from None
        finally:
            speaker.end()

    def close(self) -> None:
        """End the server."""
        with self._lock:
            self._end_server()

    def _speaker(self, utterance: bytes, deadline: Deadline) -> tuple[_Server, Speaker]:
        """A process that has started with its utterance, and the server that forked it."""
        for _ in range(_TRIES):
            server = self._running()
            try:
                return server, Speaker(server.connection, utterance, deadline)
            except (SpeakerDied, OSError):
                self._forget(server)
        raise unavailable()

    def _running(self) -> _Server:
        with self._lock:
            try:
                if self._server is None:
                    self._server = _Server(self._command)
                self._server.greet()
            except (OSError, ConfigurationError) as error:
                self._end_server()
                raise (unavailable() if isinstance(error, OSError) else error) from None
            return self._server

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.end()
            self._server = None

    def _forget(self, server: _Server) -> None:
        with self._lock:
            if self._server is server:
                self._end_server()


@cache
def espeak_process() -> EspeakProcess:
    """The process of this function. Raises `ConfigurationError` if the function has no layer with eSpeak NG."""
    files = espeak_files()
    # -I and -S: it ignores the environment, and has only the standard library.
    python = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_LAYER)]
    made = EspeakProcess([*python, str(files.library), str(files.data)])
    atexit.register(made.close)
    return made


def _hide_memory() -> None:
    """Protect this process's memory from other processes of the user, if the kernel cannot filter system calls.

    Otherwise it is not done, because it also blocks a developer's tools.
    """
    from audio_gateway.providers.embedded.espeak.confined.lockdown import hide_memory

    hide_memory()
