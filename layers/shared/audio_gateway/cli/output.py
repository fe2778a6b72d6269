"""Command output: a table for people, or JSON for scripts. Notes go to stderr, so a pipe gets only data."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from audio_gateway.cli.failures import CommandFailed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]

_MICRODOLLARS: Final = 1_000_000
_MILLISECONDS: Final = 1_000
_PIPE_WIDTH: Final = 1_000  # in a pipe nothing is wrapped or cut
_SPANS: Final = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    `no_wrap` cells are never broken into lines. `optional` columns are left out on a terminal too narrow for all.
    """

    heading: str
    justify: Literal["left", "right"] = "left"
    no_wrap: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class TableView:
    """A table for people. `total` is its last row. `empty` is printed if there are no rows."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[str]]
    total: Sequence[str] = ()
    empty: str = ""


@dataclass(frozen=True)
class Output:
    """The option that selects the output format."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False

    def data(self, data: dict[str, Any]) -> None:
        """Print an object as JSON."""
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))

    def show(self, data: dict[str, Any], sheet: TableView) -> None:
        """Print a result."""
        if self.as_json:
            self.data(data)
        else:
            _print(sheet)

    def done(self, data: dict[str, Any], sentence: str) -> None:
        """Print what was done. `data` is the changed object in its new state."""
        if self.as_json:
            self.data(data)
        else:
            typer.echo(printable(sentence))


def note(text: str) -> None:
    """Print a message to stderr."""
    typer.echo(printable(text), err=True)


def confirm(question: str, *, yes: bool) -> None:
    """Ask for confirmation, unless `yes` is set. Raises `CommandFailed` if the answer is not yes."""
    if yes:
        return
    try:
        agreed = typer.confirm(printable(question), err=True)
    except typer.Abort:  # there is no input to read an answer from
        typer.echo(err=True)
        agreed = False
    if not agreed:
        raise CommandFailed("Nothing was changed. --yes skips this question.")


def printable(text: str) -> str:
    """Replace control characters, which a terminal would obey: names come from other people."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def dollars(microusd: int) -> str:
    """Format an amount with all six decimals, so the rows of a column add up."""
    sign = "-" if microusd < 0 else ""
    whole, rest = divmod(abs(microusd), _MICRODOLLARS)
    return f"{sign}{whole}.{rest:06d}"


def time_text(unix_s: float) -> str:
    """Format a time, such as 2026-11-21 12:30:05, in UTC."""
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S}"


def day_text(unix_s: float) -> str:
    """Format a day, such as 2026-11-21, in UTC."""
    return time_text(unix_s)[:10]


def audio_text(audio_ms: int) -> str:
    """Format a length of audio, such as 1:02:03.500."""
    seconds, ms = divmod(audio_ms, _MILLISECONDS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}.{ms:03d}"


def duration_text(seconds: int) -> str:
    """Format a length of time, such as 2 min 5 s."""
    for unit, length, smaller, length_of_smaller in _SPANS:
        if seconds >= length:
            return f"{seconds // length} {unit} {seconds % length // length_of_smaller} {smaller}"
    return f"{seconds} s"


def _print(sheet: TableView) -> None:
    from rich.console import Console

    rows = [tuple(row) for row in sheet.rows]
    if not rows:
        note(sheet.empty)
    elif sys.stdout.isatty():
        draw(replace(sheet, rows=rows), Console(), on_terminal=True)
    else:
        draw(replace(sheet, rows=rows), Console(width=_PIPE_WIDTH), on_terminal=False)


def draw(sheet: TableView, console: Console, *, on_terminal: bool) -> None:
    """Print a table. On a narrow terminal the optional columns are left out, and a line says so."""
    from rich.console import Console
    from rich.text import Text

    left_out: list[str] = []
    table = _table(sheet)
    width = console.width
    if on_terminal:
        unbounded = Console(width=_PIPE_WIDTH)
        if unbounded.measure(table).minimum > width:
            left_out = [column.heading for column in sheet.columns if column.optional]
            table = _table(_without_optional(sheet))
        # Cells that must not wrap keep their width on a narrow terminal, too. The terminal then breaks the lines.
        console.width = max(width, unbounded.measure(table).minimum)
    console.print(Text(printable(sheet.title), style="bold"))
    console.print(table)
    if left_out:
        console.print(f"A wider terminal and --json also show: {', '.join(left_out)}.", style="dim", soft_wrap=True)


def _without_optional(sheet: TableView) -> TableView:
    def kept(cells: Sequence[Any]) -> list[Any]:
        return [cell for cell, column in zip(cells, sheet.columns, strict=True) if not column.optional]

    return replace(
        sheet,
        columns=kept(sheet.columns),
        rows=[kept(row) for row in sheet.rows],
        total=kept(sheet.total) if sheet.total else (),
    )


def _table(sheet: TableView) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    has_headings = any(column.heading for column in sheet.columns)
    table = Table(box=SIMPLE_HEAD, show_header=has_headings, show_footer=bool(sheet.total))
    footers = sheet.total or [""] * len(sheet.columns)
    for column, footer in zip(sheet.columns, footers, strict=True):
        table.add_column(
            column.heading, footer=Text(footer), justify=column.justify, no_wrap=column.no_wrap, overflow="fold"
        )
    for row in sheet.rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
