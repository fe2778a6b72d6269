"""Closes an iterator in the thread that used it.

A `for` loop that is left early does not close its iterator: a generator then keeps its connection or its native memory
until it is collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def closed(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """An iterator over the items, closed at the end of the block if it can be closed, however the block is left."""
    iterator = iter(items)
    try:
        yield iterator
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
