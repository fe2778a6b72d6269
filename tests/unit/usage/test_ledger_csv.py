"""The ledger as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.line_items import LineItem
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.usage.ledger_csv import COLUMNS, csv_parts
from tests.fakes.reports import FakeNames, row

NOON = 1_795_262_400  # 2026-11-21T12:00:00Z


def table(*parts: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(parts).decode(), newline="")))


def test_a_row_is_a_line_with_exact_money_and_milliseconds() -> None:
    item = LineItem("talker", 7, 7, 1_500_000_000, "25")
    charge = row(NOON + 0.005, request_id="req_1", price_microusd=13_125, cost_microusd=7, amount=7, items=(item,))
    (whole,) = csv_parts([charge], FakeNames(), 1_000_000)
    assert whole == (
        b"time,request_id,project_id,project_name,api_key_id,api_key_name,endpoint,model,unit,amount,billed_amount,"
        b"unit_price_usd,units_per_price,markup_percent,price_percent,adjustment_usd,price_usd,provider_cost_usd,outcome"
        b"\r\n2026-11-21T12:00:00.005Z,req_1,default,project default,key_1,key key_1 of default,speech,talker,"
        b"characters,7,7,1500,1000000,25,100,0.000000,0.013125,0.000007,answered\r\n"
    )


def test_a_row_without_line_items_leaves_their_columns_empty() -> None:
    (line,) = table(*csv_parts([row(NOON, price_microusd=12_000_006, amount=7)], FakeNames(), 1_000_000))
    assert (line["amount"], line["price_usd"], line["billed_amount"], line["unit_price_usd"]) == (
        "7",
        "12.000006",
        "",
        "",
    )


def test_no_rows_are_the_names_of_the_columns() -> None:
    assert b"".join(csv_parts([], FakeNames(), 1)) == ",".join(COLUMNS).encode() + b"\r\n"


def test_a_value_that_a_spreadsheet_would_run_is_text() -> None:
    for model in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"):
        (line,) = table(*csv_parts([row(NOON, model=model, project_id=model)], FakeNames(), 1_000_000))
        assert line["model"] == line["project_id"] == "'" + model


def test_commas_quotes_and_other_scripts_survive() -> None:
    model = 'org/a, "b" ü語'
    (line,) = table(*csv_parts([row(NOON, model=model)], FakeNames(), 1_000_000))
    assert line["model"] == model


@given(
    prices=st.lists(st.integers(0, 10**12), max_size=60),
    part_bytes=st.integers(1, 5_000),
)
def test_parts_are_long_enough_and_lose_nothing(prices: list[int], part_bytes: int) -> None:
    rows = [row(NOON + number, price_microusd=price) for number, price in enumerate(prices)]
    parts = list(csv_parts(rows, FakeNames(), part_bytes))
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

    parts = csv_parts(rows(), FakeNames(), 2_000)
    next(parts)
    assert len(read) < 40
