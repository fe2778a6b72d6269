"""The ledger as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_csv import COLUMNS, csv_parts
from tests.fakes.books import row

NOON = 1_795_262_400  # 2026-11-21T12:00:00Z


def table(*parts: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(parts).decode(), newline="")))


def test_a_row_is_a_line_with_exact_money_and_milliseconds() -> None:
    charge = row(NOON + 0.005, request_id="req_1", price_microusd=12_000_006, cost_microusd=0, amount=7)
    (whole,) = csv_parts([charge], 1_000_000)
    assert whole == (
        b"time,request_id,project_id,api_key_id,endpoint,model,unit,amount,price_usd,cost_usd,outcome\r\n"
        b"2026-11-21T12:00:00.005Z,req_1,default,key_1,speech,talker,characters,7,12.000006,0.000000,answered\r\n"
    )


def test_no_rows_are_the_names_of_the_columns() -> None:
    assert b"".join(csv_parts([], 1)) == ",".join(COLUMNS).encode() + b"\r\n"


def test_a_value_that_a_spreadsheet_would_run_is_text() -> None:
    for model in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"):
        (line,) = table(*csv_parts([row(NOON, model=model, project_id=model)], 1_000_000))
        assert line["model"] == line["project_id"] == "'" + model


def test_commas_quotes_and_other_scripts_survive() -> None:
    model = 'org/a, "b" ü語'
    (line,) = table(*csv_parts([row(NOON, model=model)], 1_000_000))
    assert line["model"] == model


@given(
    prices=st.lists(st.integers(0, 10**12), max_size=60),
    part_bytes=st.integers(1, 5_000),
)
def test_parts_are_long_enough_and_lose_nothing(prices: list[int], part_bytes: int) -> None:
    rows = [row(NOON + number, price_microusd=price) for number, price in enumerate(prices)]
    parts = list(csv_parts(rows, part_bytes))
    assert all(len(part) >= part_bytes for part in parts[:-1])
    assert all(parts)
    lines = table(*parts)
    assert [line["request_id"] for line in lines] == [each.request_id for each in rows]
    assert sum((Decimal(line["price_usd"]) for line in lines), Decimal(0)) * 1_000_000 == sum(prices)


def test_rows_are_read_only_as_parts_are() -> None:
    read = []

    def rows() -> Iterator[LedgerRow]:
        for number in range(1_000):
            read.append(number)
            yield row(NOON + number)

    parts = csv_parts(rows(), 2_000)
    next(parts)
    assert len(read) < 40
