"""Reads a long period of the ledger in order of time, several hours in parallel and a few rows of each ahead.

A month takes some three thousand queries, most of them for few rows. One after the other they would take half a minute,
and all in parallel would not fit into memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, Protocol

from audio_gateway.metering.ledger import LedgerRow

_HOUR_MS: Final = 3_600_000
_PARALLEL_HOURS: Final = 4
_BATCH: Final = 1_000


class Ledger(Protocol):
    """Where rows come from. Several threads read it at the same time."""

    def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
        """The rows of requests admitted from `start_ms` on and before `end_ms`, in order of time, read lazily."""
        ...


def batches(ledger: Ledger, start_ms: int, end_ms: int) -> Generator[list[LedgerRow], None, None]:
    """The rows of a period (Unix milliseconds) in order of time, some at a time; an hour without rows is an empty list.

    Close the generator if it is not read to its end: that ends its threads.
    """
    hours = iter(range(start_ms - start_ms % _HOUR_MS, end_ms, _HOUR_MS))

    def first_batch(hour_ms: int) -> tuple[list[LedgerRow], Iterator[LedgerRow]]:
        rows = ledger.rows(max(start_ms, hour_ms), min(end_ms, hour_ms + _HOUR_MS))
        return list(islice(rows, _BATCH)), rows

    pool = ThreadPoolExecutor(_PARALLEL_HOURS)
    ahead: deque[Future[tuple[list[LedgerRow], Iterator[LedgerRow]]]] = deque()
    try:
        ahead.extend(pool.submit(first_batch, hour_ms) for hour_ms in islice(hours, _PARALLEL_HOURS))
        while ahead:
            batch, rest = ahead.popleft().result()
            ahead.extend(pool.submit(first_batch, hour_ms) for hour_ms in islice(hours, 1))
            yield batch
            while batch := list(islice(rest, _BATCH)):
                yield batch
    finally:
        pool.shutdown(cancel_futures=True)
