"""Long stretches of the ledger: in order, a little ahead, and no further."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.usage.ledger_reader import batches
from tests.fakes.reports import FakeReports, row

HOUR = 3_600
MIDNIGHT = 1_795_219_200  # 2026-11-21T00:00:00Z


def ids(found: Iterator[list[LedgerRow]]) -> list[str]:
    return [each.request_id for batch in found for each in batch]


@given(
    at=st.lists(st.integers(-2 * HOUR, 12 * HOUR), max_size=40),
    start=st.integers(-HOUR, 3 * HOUR),
    length=st.integers(0, 9 * HOUR),
)
def test_all_rows_of_the_stretch_come_in_order_and_no_other(at: list[int], start: int, length: int) -> None:
    reports = FakeReports([row(MIDNIGHT + seconds) for seconds in at])
    between = ((MIDNIGHT + start) * 1000, (MIDNIGHT + start + length) * 1000)
    assert ids(batches(reports, *between)) == [each.request_id for each in reports.rows(*between)]


def test_a_busy_hour_comes_in_batches_and_a_quiet_one_is_an_empty_list() -> None:
    reports = FakeReports([row(MIDNIGHT + HOUR + number / 1000) for number in range(2_500)])
    found = list(batches(reports, MIDNIGHT * 1000, (MIDNIGHT + 3 * HOUR) * 1000))
    assert [len(batch) for batch in found] == [0, 1_000, 1_000, 500, 0]


class CountingLedger:
    """Endless hours, of which it counts the rows that were taken."""

    def __init__(self) -> None:
        self.taken = 0
        self._lock = threading.Lock()

    def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
        for at_ms in range(start_ms, end_ms):
            with self._lock:
                self.taken += 1
            yield row(at_ms / 1000)


def test_only_a_little_is_read_ahead_and_nothing_after_it_is_closed() -> None:
    ledger = CountingLedger()
    before = set(threading.enumerate())
    with closing(batches(ledger, MIDNIGHT * 1000, (MIDNIGHT + 700 * HOUR) * 1000)) as found:
        assert len(next(found)) == 1_000
    assert ledger.taken <= 5_000
    assert set(threading.enumerate()) <= before


def test_an_error_of_an_hour_is_raised_where_the_hour_is_read() -> None:
    class Failing(FakeReports):
        def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
            if start_ms >= (MIDNIGHT + 2 * HOUR) * 1000:
                raise MeteringUnavailable("The ledger cannot be read.")
            return super().rows(start_ms, end_ms)

    found = batches(Failing([row(MIDNIGHT)]), MIDNIGHT * 1000, (MIDNIGHT + 5 * HOUR) * 1000)
    assert [len(next(found)) for _ in range(2)] == [1, 0]
    with pytest.raises(MeteringUnavailable):
        next(found)
