"""Which process has the other end of a connection over the loopback (Linux), for tests that kill it."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

_PATIENCE_S: Final = 10

_owners: dict[str, int] = {}
"""The process of each socket that was seen, by its name under /proc. The kernel does not use a name again."""


def look() -> None:
    """See now what belongs to whom, so that `process_of` is quick for the connections that there are."""
    for process in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208 - paths are four times as slow
        with contextlib.suppress(OSError), os.scandir(f"/proc/{process}/fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    link = os.readlink(entry.path)  # noqa: PTH115
                    if link.startswith("socket:"):
                        # A child has it, too, until it becomes another program.
                        _owners.setdefault(link, int(process))


def process_of(client_port: int, server_port: int) -> int:
    """The process that has the client's end. Both ports tell it: another connection may be from the same one.

    Raises `ProcessLookupError` if there is no such connection, or not any more.
    """
    give_up_at = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up_at:
        socket = _socket_of(client_port, server_port)
        if socket is not None:
            if socket not in _owners:
                look()
            if socket in _owners:
                return _owners[socket]
        time.sleep(0.01)  # /proc may leave out a line while another one changes
    raise ProcessLookupError(f"no process has a connection from port {client_port} to port {server_port}")


def _socket_of(local_port: int, remote_port: int) -> str | None:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, _, _, _, _, _, inode, *_ = line.split()
        if (_port(local), _port(remote)) == (local_port, remote_port) and inode != "0":
            return f"socket:[{inode}]"
    return None


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
