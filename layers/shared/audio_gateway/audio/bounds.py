"""Limits of memory and time for FFmpeg while it reads a caller's file.

Decoders allocate what headers declare, so a file of a few kilobytes can request gigabytes. An allocation beyond the
limit fails and becomes an error about the file; without the limit Lambda would kill the process.
"""

from __future__ import annotations

import functools
import os
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from audio_gateway.audio.sniff import Container, too_demanding
from audio_gateway.errors import AudioTooLong

MOST_BYTES: Final = 128 * 1024 * 1024
"""Address space for one file, beside that of the process: ten times what any recording needed in tests."""
MOST_MP4_BYTES: Final = 320 * 1024 * 1024
"""FFmpeg reads the tables of an MP4 file completely; those of 30 hours need most of this."""

_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_LARGE: Final = 128 * 1024  # glibc's initial value

_UNLIMITED: Final = resource.RLIM_INFINITY
_PAGE_BYTES: Final = resource.getpagesize()


def no_deadline() -> bool:
    """The default of `out_of_time`."""
    return False


class Bounds:
    """The limits for reading one file. `out_of_time` says whether the time is up."""

    def __init__(self, container: Container, out_of_time: Callable[[], bool] = no_deadline) -> None:
        self.out_of_time = out_of_time
        self._most = self._left = MOST_MP4_BYTES if container == "mp4" else MOST_BYTES
        self._used: int | None = None
        _return_large_blocks()

    def check_time(self, heard_s: float = 0.0) -> None:
        """Raise `AudioTooLong` if the time is up; `heard_s` is how many seconds of audio were read until then."""
        if self.out_of_time():
            raise read_too_slowly(heard_s)

    @contextmanager
    def limited_memory(self, most: int | None = None) -> Iterator[None]:
        """Run native code with the rest of the memory, at most `most` bytes; raises `InvalidAudio` if it needs more.

        Only memory that is allocated inside counts, so code that uses the audio in between is free to allocate. Memory
        that is returned always counts.
        """
        used = _address_space()
        if used is None:
            yield
            return
        if self._used is not None:
            self._left = min(self._most, self._left + max(0, self._used - used))
        _SOFT_LIMIT.lower(used + (self._left if most is None else min(self._left, most)))
        try:
            yield
        except MemoryError as error:
            raise too_demanding() from error
        finally:
            _SOFT_LIMIT.restore()
            self._used = _address_space() or used
            self._left = min(self._most, self._left - self._used + used)


def read_too_slowly(heard_s: float) -> AudioTooLong:
    """The error for audio of which only `heard_s` seconds were read when the time was up."""
    message = f"Only {heard_s:g} s of the audio could be read in time."
    return AudioTooLong(message, limit_ms=int(heard_s * 1000))


@functools.cache
def _return_large_blocks() -> None:
    """Make freed large blocks of memory return to the system (mallopt(3), M_MMAP_THRESHOLD).

    glibc raises this threshold to up to 32 MB when such a block is freed, and keeps smaller blocks: the memory of one
    file would remain in use beside that of the next one.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none, and do not need it
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


@functools.cache
def _statm() -> int | None:
    """The file in which Linux counts this process's pages, kept open; None on other systems."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None


def _address_space() -> int | None:
    """Bytes of address space in use; None if the system does not report it."""
    file = _statm()
    return None if file is None else int(os.pread(file, 64, 0).split(maxsplit=1)[0]) * _PAGE_BYTES


class _SoftLimit:
    """The process's limit of address space. All threads share it; the last holder restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._before = self._now = _UNLIMITED

    def lower(self, limit: int) -> None:
        """Lower the limit, unless it is lower already; the highest limit of all holders applies."""
        with self._lock:
            soft, hard = resource.getrlimit(resource.RLIMIT_AS)
            if not self._holders:
                self._before, self._now = soft, 0
            self._holders += 1
            self._now = max(self._now, limit)
            lowest = min((each for each in (self._before, hard) if each != _UNLIMITED), default=self._now)
            resource.setrlimit(resource.RLIMIT_AS, (min(self._now, lowest), hard))

    def restore(self) -> None:
        """Restore the original limit, if this is the last holder."""
        with self._lock:
            self._holders -= 1
            if not self._holders:
                hard = resource.getrlimit(resource.RLIMIT_AS)[1]
                resource.setrlimit(resource.RLIMIT_AS, (self._before, hard))


_SOFT_LIMIT: Final = _SoftLimit()
