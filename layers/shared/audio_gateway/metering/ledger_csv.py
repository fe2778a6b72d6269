"""The ledger as CSV (RFC 4180, UTF-8) for invoices: one line for each row, money exact to the micro-dollar."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from audio_gateway.metering.ledger import LedgerRow

COLUMNS: Final = (
    "time", "request_id", "project_id", "api_key_id", "endpoint", "model", "unit", "amount", "price_usd", "cost_usd",
    "outcome",
)  # fmt: skip

# What a spreadsheet takes for the beginning of a formula, and would run.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_MICRODOLLARS: Final = 1_000_000


def csv_parts(rows: Iterable[LedgerRow], part_bytes: int) -> Iterator[bytes]:
    """The whole file, in parts of at least `part_bytes`; only the last is shorter. `rows` are read as parts are."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_values(row))
        # Characters, of which each is at least one byte: a part may be longer than asked for.
        if text.tell() >= part_bytes:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    if rest := text.getvalue():
        yield rest.encode()


def _values(row: LedgerRow) -> tuple[str | int, ...]:
    return (
        _time(row.at_ms),
        _plain(row.request_id),
        _plain(row.project_id),
        _plain(row.key_id),
        _plain(row.endpoint),
        _plain(row.model),
        row.unit,
        row.amount,
        _usd(row.price_microusd),
        _usd(row.cost_microusd),
        row.outcome,
    )


def _time(at_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds, as 2026-11-21T12:30:00.005Z."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _usd(microusd: int) -> str:
    """All six digits, so that a column adds up as it stands."""
    return f"{microusd // _MICRODOLLARS}.{microusd % _MICRODOLLARS:06d}"


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula: a quote before it says that it is text."""
    return f"'{text}" if text.startswith(_FORMULA) else text
