"""What a text could make of eSpeak NG if it took it over: it tries what its utterance names, and says how that went.

It runs in the confined process, which has no site-packages: it imports the standard library only.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

from audio_gateway.providers.embedded.espeak.confined import lockdown, server

CONNECTION = 0


class Engine:
    def voices(self) -> Any:
        return [("x/hostile", "Hostile", ["xx"])]

    def prepare(self, voice: Any, _pitch: Any) -> Any:
        import errno  # as the library does, it loads what it needs before the limits come
        import socket

        del errno, socket
        self.number = os.getpid()
        return voice != b"nobody"

    def speak(self, text: Any, take: Any) -> None:
        name, *arguments = text.decode().split("|")
        said = getattr(self, name)(*arguments)
        data = str(said).encode()
        take(data + b" " * (len(data) % 2))

    def echo(self, text: Any) -> Any:
        return text

    def pid(self) -> Any:
        return self.number

    def open(self, *paths: Any) -> Any:
        return [attempt(lambda path=path: os.open(path, os.O_RDONLY)) for path in paths]

    def create(self, path: Any) -> Any:
        return attempt(lambda: os.open(path, os.O_RDWR | os.O_CREAT))

    def remove(self, path: Any) -> Any:
        return attempt(lambda: os.unlink(path))  # noqa: PTH108 - pathlib would need more than the process may

    def connect(self) -> Any:
        import socket

        return attempt(lambda: socket.socket().connect(("127.0.0.1", 9)))

    def pair(self) -> Any:
        import socket

        return attempt(socket.socketpair)

    def environment(self) -> Any:
        there = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
        return [there[0], dict(os.environ)]

    def descriptors(self) -> Any:
        return [number for number in range(256) if attempt(lambda number=number: os.write(number, b"")) != "EBADF"]

    def process(self, pid: Any) -> Any:
        """Look into another process, and end it."""
        libc = ctypes.CDLL(None, use_errno=True)
        found = ctypes.create_string_buffer(8)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(found), 8)
        read = libc.process_vm_readv(int(pid), vector, 1, (ctypes.c_void_p * 2)(id(pid), 8), 1, 0)
        attached = libc.ptrace(16, int(pid), None, None)
        return [read, attached, attempt(lambda: os.kill(int(pid), 0))]

    def run(self) -> Any:
        return attempt(lambda: os.execv("/bin/true", ["true"]))

    def fork(self) -> Any:
        return attempt(os.fork)

    def raise_limits(self) -> Any:
        import resource

        return attempt(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))

    def user(self) -> Any:
        return [os.getuid(), os.getgid()]

    def memory(self) -> Any:
        return len(bytearray(1 << 30))

    def hang(self) -> None:
        while True:
            pass

    def sleep(self) -> None:
        while True:
            ctypes.CDLL(None).sched_yield()
            ctypes.CDLL(None).usleep(100_000)

    def crash(self) -> Any:
        return ctypes.string_at(8)

    def send(self, raw: Any) -> str:
        """Bytes that are no frame of ours."""
        os.write(CONNECTION, bytes.fromhex(raw))
        return "sent"

    def flood(self) -> None:
        frame = b"A" + (60_000).to_bytes(4, "big") + bytes(60_000)
        while True:
            os.write(CONNECTION, frame)


def attempt(work: Any) -> Any:
    try:
        return work()
    except OSError as error:
        import errno

        return errno.errorcode.get(error.errno or 0, error.errno)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        return type(error).__name__


if __name__ == "__main__":
    lockdown.CPU_SECONDS = 1
    if "without-a-filter" in sys.argv:
        lockdown.can_filter = server.can_filter = lambda: False  # type: ignore[attr-defined] # as the server sees it
    if "dies-at-once" in sys.argv:
        os.write(CONNECTION, b"H" + (8).to_bytes(4, "big") + b"f\nx\ty\tzz")
        sys.exit()
    if "cannot-be-confined" in sys.argv:

        def refused() -> None:
            raise PermissionError

        lockdown.confine = refused
    server.serve(Engine())
