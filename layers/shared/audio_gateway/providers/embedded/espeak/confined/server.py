"""The server: loads the library, reads no text, and forks a process for each utterance.

A process speaks once and ends: one whose memory a text has overwritten never speaks for the next caller.
"""

from __future__ import annotations

import _socket
import os
import sys

from audio_gateway.providers.embedded.espeak.confined import frames
from audio_gateway.providers.embedded.espeak.confined.system_calls import can_filter

TYPE_CHECKING = False  # as `typing` has it
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Engine(Protocol):
        """A speech engine."""

        def voices(self) -> list[frames.VoiceFacts]:
            """Its voices."""

        def prepare(self, voice: bytes, pitch: int) -> bool:
            """Load a voice; whether there is one."""

        def speak(self, text: bytes, take: Callable[[bytes], None]) -> None:
            """Pass pieces of speech to `take` until the end of the text."""


CONNECTION = 0
"""The descriptor of the connection to the function; each speaking process has its own connection."""


def main(library: str, data: str) -> None:
    """Serve with eSpeak NG until the function closes the connection or ends."""
    from audio_gateway.providers.embedded.espeak.confined.espeak import Espeak

    try:
        engine = Espeak(library, data)
    except OSError as error:
        _send(frames.frame(frames.FAILED, str(error).encode()[: frames.LONGEST]))
        return

    def keep_dictionaries() -> None:
        from audio_gateway.providers.embedded.espeak.confined.dictionaries import keep_dictionaries as keep

        if sys.platform == "linux":
            keep(engine.handle, data)

    serve(engine, keep_dictionaries)


def serve(engine: Engine, before_the_first: Callable[[], None] = lambda: None) -> None:
    """Send the list of voices, then fork a process for each descriptor that arrives."""
    connection = _socket.socket(fileno=CONNECTION)
    _send(frames.frame(frames.HELLO, frames.hello(engine.voices(), filters=can_filter())))
    # The function has what it waited for, and goes on meanwhile.
    import signal

    from audio_gateway.providers.embedded.espeak.confined.lockdown import hide_memory

    hide_memory()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the server does not wait for its children: the system removes them
    before_the_first()
    while (descriptor := _descriptor_from(connection)) is not None:
        try:
            if os.fork() == 0:
                _work(descriptor, engine)
        except OSError:
            pass  # no room for another process: the function sees that nothing has begun
        os.close(descriptor)


def _work(descriptor: int, engine: Engine) -> None:
    """Speak once, in a process of its own, and end."""
    from audio_gateway.providers.embedded.espeak.confined.lockdown import confine, die_with_the_server

    try:
        os.dup2(descriptor, CONNECTION)
        os.close(descriptor)
        die_with_the_server()
        text, voice, pitch = frames.parse_utterance(_received())
        _send_ready()
        if not engine.prepare(voice, pitch):
            _send(frames.frame(frames.NO_VOICE))
            return
        try:
            confine()
        except (OSError, ValueError):  # nothing of the text's: a host with limits or filters of its own
            _send(frames.frame(frames.FAILED))
            return
        engine.speak(text, lambda pcm: _send(frames.frame(frames.AUDIO, pcm)))
        _send(frames.frame(frames.DONE))
    finally:
        os._exit(0)


def _descriptor_from(connection: _socket.socket) -> int | None:
    """The next one that comes, None when the function has closed the connection."""
    data, ancillary, _, _ = connection.recvmsg(1, _socket.CMSG_SPACE(4))
    if not data or not ancillary:
        return None
    return int.from_bytes(ancillary[0][2], sys.byteorder)


def _send_ready() -> None:
    """Say that this process has begun, with a descriptor by which the function can end it."""
    try:
        handles = [os.pidfd_open(os.getpid())]
    except (AttributeError, OSError):
        handles = []  # not Linux, or an old one: the limits will end it
    ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handle.to_bytes(4, sys.byteorder)) for handle in handles]
    connection = _socket.socket(fileno=CONNECTION)
    connection.sendmsg([frames.frame(frames.READY)], ancillary)
    connection.detach()  # otherwise it is closed with the object
    for handle in handles:
        os.close(handle)


def _send(data: bytes) -> None:
    """Send all of it; end the process if the other side has closed the connection."""
    try:
        while data:
            data = data[os.write(CONNECTION, data) :]
    except OSError:
        os._exit(1)


def _received() -> bytes:
    """The first message of the function: a length, and so many bytes."""
    return _read(int.from_bytes(_read(frames.LENGTH_BYTES), "big"))


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(CONNECTION, size - len(data))
        if not piece:
            os._exit(1)
        data += piece
    return data
