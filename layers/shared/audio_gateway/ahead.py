"""An iterator that works ahead of its reader, in a thread of its own."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, Generic, TypeVar

from audio_gateway.response_stream import ClientDisconnected

T = TypeVar("T")

PIECES_AHEAD: Final = 8

_LOOK_S: Final = 0.1  # how often a waiting thread looks whether there still is another one


class _End:
    """The iterator has ended: with an error, or well (None)."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Ahead(Generic[T]):
    """The items of an iterator that runs in a thread, at most `PIECES_AHEAD` ahead of its reader.

    All of the iterator runs in that thread, its `finally` blocks and its handling of `GeneratorExit` included. `cancel`
    interrupts what it waits for, and is called when the reader leaves. If the reader takes nothing for `patience_s`
    seconds, the iterator is closed, and the reader gets `ClientDisconnected` after the items that are ready.
    """

    def __init__(self, items: Iterator[T], *, cancel: Callable[[], None], patience_s: float) -> None:
        self._items = items
        self._cancel = cancel
        self._patience_s = patience_s
        self._queue: queue.Queue[T | _End] = queue.Queue(PIECES_AHEAD)
        self._left = threading.Event()
        self._end: _End | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while True:
            with suppress(TimeoutError):
                return self.next_within(_LOOK_S)

    def next_within(self, seconds: float) -> T:
        """The next item.

        Raises:
            TimeoutError: there is none yet.
            StopIteration: there is none any more.
            Exception: the iterator's own error.
        """
        try:
            item = self._queue.get_nowait()
        except queue.Empty:
            if self._end is not None:
                item = self._end
            else:
                try:
                    item = self._queue.get(timeout=max(0.0, seconds))
                except queue.Empty:
                    raise TimeoutError from None
        if not isinstance(item, _End):
            return item
        if item.error is None:
            raise StopIteration
        raise item.error

    def close(self, *, within_s: float) -> bool:
        """Leave: the iterator is cancelled and closed. Waits for its end, and returns whether it came in time.

        The iterator's errors are dropped, because there is no reader any more. Can be called again.
        """
        self._left.set()
        if self._thread.is_alive():
            self._cancel()
        until = time.monotonic() + within_s
        while self._thread.is_alive() and time.monotonic() < until:
            with suppress(queue.Empty):
                while True:  # the thread may wait for room
                    self._queue.get_nowait()
            self._thread.join(_LOOK_S / 10)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    error = ClientDisconnected()
                    break
        except BaseException as raised:  # noqa: BLE001 - raised again, in the reader's thread
            error = raised
        try:
            if (close := getattr(self._items, "close", None)) is not None:
                close()
        except BaseException as raised:  # noqa: BLE001 - as above
            error = error or raised
        self._end = _End(error)
        with suppress(queue.Full):  # then the reader finds the end after what is in the queue
            self._queue.put_nowait(self._end)

    def _put(self, item: T) -> bool:
        """Pass an item on; returns whether the reader has taken what there was in time."""
        give_up_at = time.monotonic() + self._patience_s
        while not self._left.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_S)
            except queue.Full:
                if time.monotonic() >= give_up_at:
                    return False
            else:
                return True
        return False
