"""The ledger as CSV (RFC 4180, UTF-8) for invoices: money exact to the micro-dollar, and what it was computed from.

A row is one line. Only a job that several models served has one line for each of them; their amounts and prices add up
to the row's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from audio_gateway.catalog.line_items import UNITS_PRICED, LineItem
from audio_gateway.catalog.prices import MICROUSD_PER_USD, format_usd
from audio_gateway.identity.directory_names import Names
from audio_gateway.metering.ledger import LedgerRow

COLUMNS: Final = (
    "time", "request_id", "project_id", "project_name", "api_key_id", "api_key_name", "endpoint", "model", "unit",
    "amount", "billed_amount", "unit_price_usd", "units_per_price", "markup_percent", "price_percent",
    "adjustment_usd", "price_usd", "provider_cost_usd", "outcome",
)  # fmt: skip

# A spreadsheet would run a text that begins with one of these as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_MILLISECONDS: Final = 1_000

Cell = str | int


def csv_parts(rows: Iterable[LedgerRow], names: Names, part_bytes: int) -> Iterator[bytes]:
    """The whole file, in parts of at least `part_bytes`; only the last is shorter. Reading a part reads its rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerows(_lines(row, names))
        # This counts characters, each of at least one byte, so a part may be longer than `part_bytes`.
        if text.tell() >= part_bytes:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    if rest := text.getvalue():
        yield rest.encode()


def _lines(row: LedgerRow, names: Names) -> Iterator[tuple[Cell, ...]]:
    """The lines of a row. The first has the values of the whole row: its provider cost and its adjustment."""
    request_cells = (
        _time(row.at_ms),
        _plain(row.request_id),
        _plain(row.project_id),
        _plain(names.project(row.project_id)),
        _plain(row.key_id),
        _plain(names.key(row.project_id, row.key_id)),
        _plain(row.endpoint),
    )
    cost = row.cost_microusd
    if not row.items:
        work_cells: tuple[Cell, ...] = (_plain(row.model), row.unit, row.amount, "", "", "", "", "", "")
        yield *request_cells, *work_cells, _usd(row.price_microusd), _usd(cost), row.outcome
        return
    adjustment = row.adjustment_microusd
    for item in row.items:
        price = item.price_microusd(row.unit) + adjustment
        yield *request_cells, *_computed(item, row), _usd(adjustment), _usd(price), _usd(cost), row.outcome
        adjustment = cost = 0


def _computed(item: LineItem, row: LedgerRow) -> tuple[Cell, ...]:
    return (
        _plain(item.model),
        row.unit,
        item.amount,
        item.billed_amount,
        format_usd(Decimal(item.unit_price_microusd) / MICROUSD_PER_USD),
        UNITS_PRICED[row.unit],
        item.markup_percent,
        item.price_percent,
    )


def _time(at_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds, as 2026-11-21T12:30:00.005Z."""
    seconds, ms = divmod(at_ms, _MILLISECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def _usd(microusd: int) -> str:
    """Dollars with all six digits, so a spreadsheet can add up a column."""
    whole, rest = divmod(abs(microusd), MICROUSD_PER_USD)
    return f"{'-' if microusd < 0 else ''}{whole}.{rest:06d}"


def _plain(text: str) -> str:
    """A text that no spreadsheet reads as a formula: a quote before it marks it as text."""
    return f"'{text}" if text.startswith(_FORMULA) else text
