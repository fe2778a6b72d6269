"""Printing that never blocks the stack: if the output is not read, lines are dropped."""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
from pathlib import Path
from typing import Final

from local.log_lines import is_refusal, readable

# A pipe that select reports as writable takes this many bytes without blocking: POSIX guarantees a PIPE_BUF of at
# least 512 bytes, Linux has 4096 and macOS 512.
_CHUNK: Final = 512


def log(text: str) -> None:
    """Print a message for the operator."""
    write(text + "\n")


def write(text: str) -> None:
    """Print, or drop the text if the reader is not ready: this process serves requests and must not block."""
    sys.stdout.flush()
    data = text.encode("utf-8", "replace")
    with contextlib.suppress(OSError, ValueError):
        descriptor = sys.stdout.fileno()
        for start in range(0, len(data), _CHUNK):
            if not select.select([], [descriptor], [], 0)[1]:
                return
            os.write(descriptor, data[start : start + _CHUNK])


_MOST_KEPT_BYTES: Final = 100_000_000
_kept: list[int] = []


def open_log_file(path: Path) -> None:
    """Also write the functions' lines into this file, which `audio-gateway logs` reads."""
    close_log_file()
    with contextlib.suppress(OSError):  # the stack works without it
        path.unlink(missing_ok=True)
        _kept.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def close_log_file() -> None:
    """Close the log file."""
    while _kept:
        os.close(_kept.pop())


def _write_to_log_file(text: str) -> None:
    with contextlib.suppress(OSError):
        for file in _kept:
            if os.lseek(file, 0, os.SEEK_CUR) < _MOST_KEPT_BYTES:
                os.write(file, text.encode("utf-8", "replace"))


# Not useful to people: metrics in CloudWatch's embedded format, and awslambdaric's advice on AWS's updates.
_NOISE: Final = re.compile(r"""^\{"_aws":|LAMBDA_WARNING: Unhandled exception""")


class PrefixedLines:
    """Splits the output of a process into lines, prefixes them with its name, and remembers the last one."""

    def __init__(self, name: str) -> None:
        self._prefix = f"{name} | "
        self._rest = b""
        self.last_line = ""

    def feed(self, data: bytes) -> None:
        """Print the lines that `data` completes."""
        *lines, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n")
        self._print(lines)

    def close(self) -> None:
        """Print the rest that has no newline."""
        if self._rest:
            self._print([self._rest])
            self._rest = b""

    def _print(self, lines: list[bytes]) -> None:
        wholes = [line.decode("utf-8", "replace").replace("\u00a0", " ") for line in lines]
        # awslambdaric joins the lines of a traceback with bare carriage returns, for CloudWatch.
        texts = [text.rstrip() for whole in wholes if not is_refusal(whole) for text in whole.split("\r")]
        texts = [text for text in texts if text and not _NOISE.search(text)]
        if texts:
            self.last_line = texts[-1]
            _write_to_log_file("".join(f"{self._prefix}{text}\n" for text in texts))
            write("".join(f"{readable(text, self._prefix)}\n" for text in texts))
