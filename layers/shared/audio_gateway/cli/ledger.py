"""`ledger`: exports the rows of a month as a stream. An output file appears only when it is complete."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from audio_gateway.catalog.line_items import UNITS_PRICED, LineItem, Unit
from audio_gateway.cli.failures import CommandFailed, UsageError
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.output import Output, dollars, note, time_text
from audio_gateway.cli.times import parse_month
from audio_gateway.identity.directory_names import Names
from audio_gateway.metering.account import Outcome
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.usage.ledger_csv import csv_parts
from audio_gateway.usage.ledger_reader import batches
from audio_gateway.usage.watermark import Watermark

_MILLISECONDS: Final = 1_000
_DAY_S: Final = 86_400
_PART_BYTES: Final = 65_536

ReportProgress = Callable[[int, int], None]
"""Receives the time (Unix seconds) up to which rows are read, and the number of rows written since the last call."""

Month = Annotated[str, typer.Argument(metavar="MONTH", help="A UTC month, such as 2026-11.")]
File = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Output file. It appears when it is complete.")
]

Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


@dataclass(frozen=True)
class RowFilter:
    """The options that select rows."""

    project: Annotated[str | None, typer.Option(metavar="ID", help="Only this project.")] = None
    key: Annotated[str | None, typer.Option(metavar="KEY_ID", help="Only this key.")] = None
    outcome: Annotated[
        Outcome | None,
        typer.Option(help="Only rows with this outcome. Only 'answered' and 'swept' are paid by the caller."),
    ] = None

    def takes(self, row: LedgerRow) -> bool:
        """Whether a row is selected."""
        return (
            self.project in {None, row.project_id}
            and self.key in {None, row.key_id}
            and self.outcome in {None, row.outcome}
        )


def ledger(
    gateway: Gateway, row_filter: RowFilter, output: Output, *, month: Month, file: File = None, force: Force = False
) -> None:
    """Export the ledger rows of a month as CSV.

    With --json, the output is one object per line. Rows are streamed, so a month may have any size.
    """
    if file is not None and file.exists() and not force:
        raise UsageError(f"{file} already exists. --force overwrites it.")
    now_s = gateway.now_s
    start_s, end_s = parse_month(month, now_s)
    if end_s > now_s:
        note(f"The month has not ended: this export has its rows until {time_text(now_s)} UTC.")
        end_s = now_s + 1
    # Skip the time before the first project: it would take thousands of queries that find nothing.
    first_ms = Watermark(gateway.items).beginning_ms()
    start_s = end_s if first_ms is None else max(start_s, first_ms // _MILLISECONDS)
    with _opened(file) as target, _progress(start_s, end_s, to_file=file is not None) as report_progress:
        rows = _rows(gateway, (start_s, end_s), row_filter, report_progress)
        names = gateway.names
        for part in _json_lines(rows, names) if output.as_json else csv_parts(rows, names, _PART_BYTES):
            target.write(part)


def _rows(
    gateway: Gateway, between_s: tuple[int, int], row_filter: RowFilter, report_progress: ReportProgress
) -> Iterator[LedgerRow]:
    """Yield the selected rows, day by day."""
    start_s, end_s = between_s
    for day_s in range(start_s, end_s, _DAY_S):
        stop_s = min(day_s + _DAY_S, end_s)
        with closing(batches(gateway.ledger, day_s * _MILLISECONDS, stop_s * _MILLISECONDS)) as found:
            for batch in found:
                rows = [row for row in batch if row_filter.takes(row)]
                yield from rows
                report_progress(batch[-1].at_ms // _MILLISECONDS if batch else day_s, len(rows))
        report_progress(stop_s, 0)


def _json_lines(rows: Iterable[LedgerRow], names: Names) -> Iterator[bytes]:
    """Format rows as JSON Lines, with the field names of the other commands."""
    for row in rows:
        data = {
            "object": "ledger.row",
            "at_ms": row.at_ms,
            "request_id": row.request_id,
            "project_id": row.project_id,
            "project_name": names.project(row.project_id),
            "key_id": row.key_id,
            "key_name": names.key(row.project_id, row.key_id),
            "endpoint": row.endpoint,
            "model": row.model,
            "unit": row.unit,
            "amount": row.amount,
            "price_usd": dollars(row.price_microusd),
            "provider_cost_usd": dollars(row.cost_microusd),
            "line_items": [_item_data(item, row.unit) for item in row.items],
            "adjustment_usd": dollars(row.adjustment_microusd),
            "outcome": row.outcome,
            "held_amount": row.held_amount,
            "held_usd": dollars(row.held_microusd),
        }
        yield json.dumps(data, ensure_ascii=False).encode() + b"\n"


def _item_data(item: LineItem, unit: Unit) -> dict[str, str | int]:
    return {
        "model": item.model,
        "amount": item.amount,
        "billed_amount": item.billed_amount,
        "unit_price_usd": dollars(item.unit_price_microusd),
        "units_per_price": UNITS_PRICED[unit],
        "markup_percent": item.markup_percent,
        "price_percent": item.price_percent,
        "price_usd": dollars(item.price_microusd(unit)),
    }


@contextmanager
def _opened(file: Path | None) -> Iterator[BinaryIO]:
    """Open the output. A file gets its name when it is complete."""
    if file is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as target:
            yield target
        part.replace(file)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}. Nothing was exported.") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _progress(start_s: int, end_s: int, *, to_file: bool) -> Iterator[ReportProgress]:
    """Show progress on a terminal, unless the rows themselves go there."""
    if not sys.stderr.isatty() or (sys.stdout.isatty() and not to_file):
        yield lambda _at_s, _rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.fields[day]}  {task.fields[rows]:,} rows"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=end_s - start_s, day="", rows=0)
        written = 0

        def report_progress(at_s: int, rows: int) -> None:
            nonlocal written
            written += rows
            progress.update(task, completed=at_s - start_s, day=time_text(at_s)[:10], rows=written)

        yield report_progress
