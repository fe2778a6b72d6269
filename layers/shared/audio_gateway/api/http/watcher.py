"""Looks after requests while their own threads wait for a provider, or for a slow caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

LOOK_S: Final = 0.2
"""How often a request is looked at, in seconds."""

_IDLE_LOOKS: Final = 25  # without a request, before the thread ends


class _Watch:
    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look
        self.lock = threading.Lock()
        self.is_over = False


class Watcher:
    """Calls a function again and again while a block runs. One thread does so for all requests of the process.

    Starting a thread for each request would cost it a third of a millisecond. The thread ends when there has been no
    request for some seconds.
    """

    def __init__(self, look_s: float = LOOK_S) -> None:
        self._look_s = look_s
        self._lock = threading.Lock()
        self._watches: list[_Watch] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def calling(self, look: Callable[[], None]) -> Iterator[None]:
        """Call `look` while the block runs, in another thread, and never after it. It must not raise."""
        watch = _Watch(look)
        with self._lock:
            self._watches.append(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._watches.remove(watch)
            with watch.lock:  # waits for a look that has begun
                watch.is_over = True

    def _run(self) -> None:
        idle = 0
        while True:
            time.sleep(self._look_s)
            with self._lock:
                watches = list(self._watches)
                idle = 0 if watches else idle + 1
                if idle > _IDLE_LOOKS:
                    self._thread = None
                    return
            for watch in watches:
                with watch.lock:
                    if not watch.is_over:
                        watch.look()
