"""An iterator that works ahead of its reader, in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_ENDING_S: Final = 1.0  # for what is cancelled to end


class Ahead(Generic[T]):
    """The items of an iterator that runs in a thread, until what is ready for the reader has the size `most`.

    All of the iterator runs in that thread, its `finally` blocks included. `size_of` is the size of an item; `cancel`
    ends what the iterator waits for, and is called by `close`.
    """

    def __init__(
        self, items: Iterator[T], *, most: int, size_of: Callable[[T], int], cancel: Callable[[], None]
    ) -> None:
        self._items = items
        self._most = most
        self._size_of = size_of
        self._cancel = cancel
        self._changed = threading.Condition()
        self._ready: deque[T] = deque()
        self._ready_size = 0
        self._error: BaseException | None = None
        self._has_ended = self._has_left = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._has_ended)
            if self._ready:
                item = self._ready.popleft()
                self._ready_size -= self._size_of(item)
                self._changed.notify_all()
                return item
            error, self._error = self._error, None
        try:
            raise error or StopIteration
        finally:
            del error  # its traceback holds this frame: the two would stay until they are collected

    def close(self) -> None:
        """Cancel the iterator and wait for its end, for a moment. Its errors are dropped. Can be called again."""
        with self._changed:
            self._has_left = True
            self._changed.notify_all()
        self._cancel()
        self._thread.join(_ENDING_S)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as raised:  # noqa: BLE001 - raised again, in the reader's thread
            error = raised
        try:
            if (close := getattr(self._items, "close", None)) is not None:
                close()
        except BaseException as raised:  # noqa: BLE001 - as above
            error = error or raised
        with self._changed:
            self._error, self._has_ended = error, True
            self._changed.notify_all()
        del error  # as in `__next__`

    def _put(self, item: T) -> bool:
        """Make an item ready when there is room; returns whether there is a reader for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_left or self._ready_size < self._most)
            if not self._has_left:
                self._ready.append(item)
                self._ready_size += self._size_of(item)
                self._changed.notify_all()
            return not self._has_left
