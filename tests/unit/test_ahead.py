"""An iterator that works ahead of its reader."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from audio_gateway import ahead
from audio_gateway.ahead import Ahead


class Worker:
    """An iterator whose steps a test can wait for. `closed_in` is the thread that it was closed in."""

    def __init__(self, items: list[Any], *, waits_at: int | None = None) -> None:
        self.made = threading.Semaphore(0)
        self.cancelled = threading.Event()
        self.closed_in: threading.Thread | None = None
        self._items, self._waits_at = items, waits_at

    def __call__(self) -> Iterator[bytes]:
        try:
            for number, item in enumerate(self._items):
                if number == self._waits_at:
                    assert self.cancelled.wait(10)
                    raise OSError("shut down")
                if isinstance(item, Exception):
                    raise type(item)(*item.args)  # with no traceback that leads back to here
                self.made.release()
                yield item
        finally:
            self.closed_in = threading.current_thread()


def ahead_of(worker: Worker, most: int = 10) -> Ahead[bytes]:
    return Ahead(worker(), most=most, size_of=len, cancel=worker.cancelled.set)


def test_the_items_come_in_their_order_and_end() -> None:
    items = ahead_of(Worker([b"a", b"b", b"c"]))
    assert list(items) == [b"a", b"b", b"c"]
    with pytest.raises(StopIteration):
        next(items)


def test_it_works_ahead_until_enough_is_ready() -> None:
    worker = Worker([b"12345"] * 5)
    items = ahead_of(worker, most=10)
    for _ in range(3):  # the third one waits for room
        assert worker.made.acquire(timeout=10)
    assert not worker.made.acquire(timeout=0.05)
    assert next(items) == b"12345"
    assert worker.made.acquire(timeout=10)
    items.close()


def test_no_item_is_lost_when_the_end_comes_at_the_same_time() -> None:
    for _ in range(300):
        assert list(ahead_of(Worker([b"a", b"b"]))) == [b"a", b"b"]


def test_an_error_comes_once_and_after_what_was_ready() -> None:
    items = ahead_of(Worker([b"a", ValueError("broken")]))
    assert next(items) == b"a"
    with pytest.raises(ValueError, match="broken"):
        next(items)
    with pytest.raises(StopIteration):
        next(items)


def test_closing_cancels_what_is_waited_for_and_drops_the_error() -> None:
    worker = Worker([b"a", b"b"], waits_at=1)
    items = ahead_of(worker)
    assert next(items) == b"a"
    items.close()
    items.close()
    assert worker.closed_in is not None


def test_closing_ends_a_wait_for_room_in_the_thread_that_works() -> None:
    worker = Worker([b"12345"] * 5)
    items = ahead_of(worker, most=5)
    assert worker.made.acquire(timeout=10)
    assert worker.made.acquire(timeout=10)
    items.close()
    assert worker.closed_in not in {None, threading.current_thread()}


def test_closing_does_not_wait_for_a_thread_that_cannot_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_ENDING_S", 0.01)
    stuck = threading.Event()

    def items() -> Iterator[bytes]:
        stuck.wait(10)
        yield b"a"

    working = Ahead(items(), most=1, size_of=len, cancel=lambda: None)
    working.close()
    stuck.set()


def test_nothing_is_left_of_it_after_an_error() -> None:
    items = ahead_of(Worker([ValueError("broken")]))
    known = weakref.ref(items)
    gc.disable()
    try:
        with suppress(ValueError):
            next(items)
        items._thread.join(10)
        del items
        assert known() is None
    finally:
        gc.enable()
