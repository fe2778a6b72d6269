"""Removes rights of a process permanently, before it reads a caller's text."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

from audio_gateway.providers.embedded.espeak.confined.system_calls import can_filter, filter_system_calls

MEMORY_BYTES = 256 * 1024 * 1024
"""Address space. No text needs more than 45 MB."""
CPU_SECONDS = 5
"""The longest text of the slowest script takes 1 s."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # linux/prctl.h
_NOBODY = 65_534

_libc = ctypes.CDLL(None)


def die_with_the_server() -> None:
    """Let the kernel kill this process when the one that forked it ends."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def hide_memory() -> None:
    """Deny other processes of this user access to this one's memory, environment and descriptors."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def confine() -> None:
    """Allow no new descriptors (files, sockets) and processes, little memory and time, and few system calls."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # on other systems the dictionaries are opened while it speaks
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
            resource.setrlimit(nothing, (0, 0))
        _drop_root()
        die_with_the_server()  # a change of user resets it
        hide_memory()
        if can_filter():
            filter_system_calls()


def _drop_root() -> None:
    """Root could raise its limits again. Lambda runs nothing as root; containers on a developer's machine do."""
    if os.geteuid() != 0:
        return
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return  # a container without other users: the filter refuses to raise limits
