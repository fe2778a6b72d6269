"""An iterator that works ahead of its reader."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from audio_gateway.ahead import Ahead


def ahead(items: Iterator[int], cancelled: threading.Event, *, most: int = 5) -> Ahead[int]:
    return Ahead(items, most=most, size_of=lambda item: item, cancel=cancelled.set)


def test_all_items_come_in_their_order() -> None:
    assert list(ahead(iter(range(1, 200)), threading.Event())) == list(range(1, 200))


def test_items_are_made_before_anybody_asks_for_them_but_only_up_to_the_bound() -> None:
    made = [threading.Event() for _ in range(9)]

    def items() -> Iterator[int]:
        for event in made:
            event.set()
            yield 2

    waiting = ahead(items(), threading.Event())
    assert all(event.wait(10) for event in made[:4])  # three are ready, and one has been made
    assert not any(event.is_set() for event in made[4:])
    assert next(waiting) == 2
    assert made[4].wait(10)
    waiting.close()


def test_an_error_is_raised_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("broken")

    waiting = ahead(items(), threading.Event())
    assert next(waiting) == 1
    with pytest.raises(OSError, match="broken"):
        next(waiting)


@pytest.mark.parametrize("is_full", [False, True])
def test_closing_cancels_what_the_iterator_waits_for_and_ends_it_in_its_own_thread(is_full: bool) -> None:
    cancelled, ready, ended_in = threading.Event(), threading.Event(), list[threading.Thread]()

    def items() -> Iterator[int]:
        try:
            yield 5
            ready.set()
            if is_full:
                yield 5
            assert cancelled.wait(10)
        finally:
            ended_in.append(threading.current_thread())

    waiting = ahead(items(), cancelled)
    if not is_full:
        assert next(waiting) == 5
        assert ready.wait(10)
    waiting.close()
    waiting.close()
    (thread,) = ended_in
    assert thread is not threading.current_thread()
    assert not thread.is_alive()
