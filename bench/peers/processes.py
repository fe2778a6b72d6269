"""What a system's processes use, from /proc."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from tests.stack.conftest import descendants

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LISTENS: Final = "0A"
_LOOPBACK: Final = ("0100007F", "00000000000000000000000001000000")


def family(pids: list[int]) -> list[int]:
    """The processes and all that they started."""
    return sorted({found for pid in pids for found in (pid, *descendants(pid))})


def cpu_seconds(pids: list[int]) -> float:
    """The processor time of the running processes until now."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def resident_mb(pids: list[int]) -> float:
    """The resident memory of all processes together. Shared pages count in each."""
    kilobytes = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            kilobytes += next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
    return kilobytes / 1024


def listens_only_on_loopback(table: str, port: int) -> bool:
    """Whether each listener on the port is on the loopback address, by a table like /proc/net/tcp."""
    for line in table.splitlines()[1:]:
        address, state = line.split()[1], line.split()[3]
        host, _, hex_port = address.partition(":")
        if state == _LISTENS and int(hex_port, 16) == port and host not in _LOOPBACK:
            return False
    return True


def check_loopback(port: int) -> None:
    """Raise `RuntimeError` if other machines could reach the port."""
    for name in ("tcp", "tcp6"):
        if not listens_only_on_loopback(Path(f"/proc/net/{name}").read_text(), port):
            raise RuntimeError(f"port {port} is open to other machines")
