"""What FFmpeg may take to read bytes of others: memory, and time until somebody says that it is up.

Decoders allocate what headers declare, so a file of some kilobytes can ask for gigabytes. An allocation beyond the
limit fails, and becomes an error of the file, where Lambda would kill the process.
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
"""Address space that a file may take beside what the process has: ten times what any recording was seen to need."""
MOST_BYTES_OF_MP4: Final = 320 * 1024 * 1024
"""Its tables, which FFmpeg reads as a whole, need most of it for 30 hours."""

_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_LARGE: Final = 128 * 1024  # what glibc begins with

_UNLIMITED: Final = resource.RLIM_INFINITY
_PAGE_BYTES: Final = resource.getpagesize()


def never() -> bool:
    """The clock of those who have time."""
    return False


class Bounds:
    """The bounds of reading one file. `late` says when the time is up."""

    def __init__(self, container: Container, late: Callable[[], bool] = never) -> None:
        self.late = late
        self._most = self._left = MOST_BYTES_OF_MP4 if container == "mp4" else MOST_BYTES
        self._used: int | None = None
        _give_back_what_is_large()

    def check_time(self, heard_s: float = 0.0) -> None:
        """Raise `AudioTooLong` if the time is up, of which so many seconds of audio have been read."""
        if self.late():
            raise too_late(heard_s)

    @contextmanager
    def native(self, most: int | None = None) -> Iterator[None]:
        """Run native code with what is left of the memory, `most` bytes of it; `InvalidAudio` when that does not do.

        Only what is taken inside counts, so that whoever works with the audio meanwhile is free to take its own. What
        is given back counts wherever that happens.
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


def too_late(heard_s: float) -> AudioTooLong:
    """The error for audio of which so much was read when the time was up."""
    message = f"No more than {heard_s:g} s of the audio could be read in time."
    return AudioTooLong(message, limit_ms=int(heard_s * 1000))


@functools.cache
def _give_back_what_is_large() -> None:
    """Have large pieces of memory go back to the system when they are freed (mallopt(3), M_MMAP_THRESHOLD).

    By itself glibc takes up to 32 MB for small once it has seen such a piece freed, and keeps them: what one file has
    left behind would be there for the next one, beside all that it may take.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other libraries have none, and no need of it
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


@functools.cache
def _statm() -> int | None:
    """The open file in which Linux counts this process's pages, as it is read often; None on other systems."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None


def _address_space() -> int | None:
    """Bytes of address space in use; None where the system does not tell."""
    file = _statm()
    return None if file is None else int(os.pread(file, 64, 0).split(maxsplit=1)[0]) * _PAGE_BYTES


class _SoftLimit:
    """The process's limit of address space. It is one for all threads: the last one out restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._before = self._now = _UNLIMITED

    def lower(self, limit: int) -> None:
        """Lower the limit, unless it is lower already; of several holders the most generous one counts."""
        with self._lock:
            soft, hard = resource.getrlimit(resource.RLIMIT_AS)
            if not self._holders:
                self._before, self._now = soft, 0
            self._holders += 1
            self._now = max(self._now, limit)
            lowest = min((each for each in (self._before, hard) if each != _UNLIMITED), default=self._now)
            resource.setrlimit(resource.RLIMIT_AS, (min(self._now, lowest), hard))

    def restore(self) -> None:
        """Have the limit as it was before."""
        with self._lock:
            self._holders -= 1
            if not self._holders:
                hard = resource.getrlimit(resource.RLIMIT_AS)[1]
                resource.setrlimit(resource.RLIMIT_AS, (self._before, hard))


_SOFT_LIMIT: Final = _SoftLimit()
