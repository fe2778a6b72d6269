"""Bounds the exchanges of all connections in time, from one thread."""

from __future__ import annotations

import http.client
import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

from audio_gateway.deadline import Cancellation, Deadline

_LEAST_S: Final = 0.01  # a socket with a timeout of 0 does not wait at all
_LINGER_S: Final = 5.0  # without an exchange, before the thread ends


class TimeUpError(TimeoutError):
    """The time of the exchange is over."""


class Watchdog:
    """Shuts the watched connection down after `seconds`, or when `cancellation` comes; as a context manager it stops.

    With `silence_s`, also after so many seconds in which nothing came while it was waited for (`in_time`).

    It holds a duplicate of the socket's descriptor, so it needs nothing of the TLS state and can never hit another
    connection that has the same number.
    """

    def __init__(
        self, seconds: float, cancellation: Cancellation | None = None, *, silence_s: float = math.inf
    ) -> None:
        self._deadline = Deadline.after(seconds)
        self._silence_s = silence_s
        self._waits_since: float | None = None
        self._cancellation = cancellation
        self._lock = threading.Lock()
        self._fired = False
        self._socket: socket.socket | None = None
        _ALARM.add(self)
        if cancellation is not None:
            cancellation.add(self.fire)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def expired(self) -> bool:
        """Whether the time is up."""
        return self._fired or self._deadline.passed

    def remaining_s(self) -> float:
        """Seconds until it fires, if nothing comes."""
        return max(0.0, self.fires_at(time.monotonic()) - time.monotonic())

    def fires_at(self, now: float) -> float:
        """When it fires, in seconds of the monotonic clock; the earliest moment if the connection is not waited for."""
        since = self._waits_since
        return min(self._deadline.at_s, (now if since is None else since) + self._silence_s)

    def watch(self, sock: socket.socket) -> None:
        """Guard this connection from now on, instead of the previous one."""
        sock.settimeout(max(_LEAST_S, self._deadline.remaining_s()))
        copy = socket.socket(fileno=os.dup(sock.fileno()))  # a TLS socket has no `dup`
        with self._lock:
            self._release()
            self._socket = copy
            if self._fired:
                self._shut_down()

    def stop(self) -> None:
        """Do not fire any more. Can be called again."""
        _ALARM.remove(self)
        if self._cancellation is not None:
            self._cancellation.remove(self.fire)
        with self._lock:
            self._release()

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """Wait for the connection: raises `TimeUpError` in place of any error of it after the time is up.

        The same in place of any result.
        """
        self._waits_since = time.monotonic()
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if self.expired:
                raise TimeUpError from error
            raise
        finally:
            self._waits_since = None
        if self.expired:
            raise TimeUpError

    def fire(self) -> None:
        """Shut the connection down, from any thread."""
        with self._lock:
            self._fired = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # the other side may have been faster
                self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Alarm:
    """Fires all watchdogs of the process in time, in a thread of its own while there are any.

    A timer, which is a thread, for each exchange would cost it 0.1 ms and more. That something has come only changes a
    number in its watchdog; the thread looks at it when it would otherwise have fired.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watchdogs: dict[int, Watchdog] = {}
        self._wakes_at = -math.inf
        self._runs = False

    def add(self, watchdog: Watchdog) -> None:
        """Fire it in time."""
        with self._changed:
            self._watchdogs[id(watchdog)] = watchdog
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="watchdog", daemon=True).start()
            elif watchdog.fires_at(time.monotonic()) < self._wakes_at:
                self._changed.notify()

    def remove(self, watchdog: Watchdog) -> None:
        """Do not fire it. Can be called again."""
        with self._changed:
            self._watchdogs.pop(id(watchdog), None)

    def _run(self) -> None:
        empty = False
        with self._changed:
            while self._watchdogs or not empty:
                empty = not self._watchdogs
                now, next_at = time.monotonic(), math.inf
                for number, watchdog in list(self._watchdogs.items()):
                    fires_at = watchdog.fires_at(now)
                    if fires_at <= now:
                        del self._watchdogs[number]
                        watchdog.fire()
                    else:
                        next_at = min(next_at, fires_at)
                self._wakes_at = min(next_at, now + _LINGER_S)
                self._changed.wait(self._wakes_at - now)
            self._runs = False


_ALARM: Final = _Alarm()
