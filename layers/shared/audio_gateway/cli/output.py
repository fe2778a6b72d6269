"""What a command shows: a table for people, or JSON for scripts. Remarks go to stderr: a pipe gets data only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from audio_gateway.cli.failures import Failed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_MICRODOLLARS: Final = 1_000_000
_MILLISECONDS: Final = 1_000
_PIPE_WIDTH: Final = 1_000  # nothing is wrapped or cut where no terminal ends
_SPANS: Final = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, the side that its cells stand at, and whether they must not be broken into lines.

    One that is `spare` is left out where the terminal has no room for all columns.
    """

    heading: str
    side: Literal["left", "right"] = "left"
    whole: bool = False
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table for people. `total` is its last line; `empty` is said in place of a table without rows."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[str]]
    total: Sequence[str] = ()
    empty: str = ""


@dataclass(frozen=True)
class Output:
    """The option that chooses the form."""

    as_json: Annotated[bool, typer.Option("--json", help="JSON for scripts.")] = False

    def data(self, data: dict[str, Any]) -> None:
        """Show an object as JSON."""
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))

    def show(self, data: dict[str, Any], sheet: Sheet) -> None:
        """Show what was found."""
        if self.as_json:
            self.data(data)
        else:
            _print(sheet)

    def done(self, data: dict[str, Any], sentence: str) -> None:
        """Say what was done; `data` is what was changed, as it is now."""
        if self.as_json:
            self.data(data)
        else:
            typer.echo(printable(sentence))


def remark(text: str) -> None:
    """Say something that is not the answer."""
    typer.echo(printable(text), err=True)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone; `yes` answers for the operator. Raises `Failed` unless it is yes."""
    if yes:
        return
    try:
        agreed = typer.confirm(printable(question), err=True)
    except typer.Abort:  # nobody is there to answer
        typer.echo(err=True)
        agreed = False
    if not agreed:
        raise Failed("Nothing was changed. --yes answers the question beforehand.")


def printable(text: str) -> str:
    """A text without what a terminal would obey: names come from others."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def dollars(microusd: int) -> str:
    """An amount with all its six digits, so that a column adds up as it stands."""
    sign = "-" if microusd < 0 else ""
    whole, rest = divmod(abs(microusd), _MICRODOLLARS)
    return f"{sign}{whole}.{rest:06d}"


def moment_text(unix_s: float) -> str:
    """A moment for people, as 2026-11-21 12:30:05 in UTC."""
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S}"


def day_text(unix_s: float) -> str:
    """A day for people, as 2026-11-21 in UTC."""
    return moment_text(unix_s)[:10]


def audio_text(audio_ms: int) -> str:
    """A length of audio for people, as 1:02:03.500."""
    seconds, ms = divmod(audio_ms, _MILLISECONDS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}.{ms:03d}"


def span_text(seconds: int) -> str:
    """A length of time for people, as 2 min 5 s."""
    for unit, length, smaller, length_of_smaller in _SPANS:
        if seconds >= length:
            return f"{seconds // length} {unit} {seconds % length // length_of_smaller} {smaller}"
    return f"{seconds} s"


def _print(sheet: Sheet) -> None:
    from rich.console import Console

    rows = [tuple(row) for row in sheet.rows]
    if not rows:
        remark(sheet.empty)
    elif sys.stdout.isatty():
        draw(replace(sheet, rows=rows), Console(), on_terminal=True)
    else:
        draw(replace(sheet, rows=rows), Console(width=_PIPE_WIDTH), on_terminal=False)


def draw(sheet: Sheet, console: Console, *, on_terminal: bool) -> None:
    """Print a table. On a terminal that is too narrow its spare columns are left out, which it says."""
    from rich.console import Console
    from rich.text import Text

    left_out: list[str] = []
    table = _table(sheet)
    width = console.width
    if on_terminal:
        unbounded = Console(width=_PIPE_WIDTH)
        if unbounded.measure(table).minimum > width:
            left_out = [column.heading for column in sheet.columns if column.spare]
            table = _table(_without_spare(sheet))
        # Cells that must stay whole do so on a narrow terminal, too, which then breaks the lines by itself.
        console.width = max(width, unbounded.measure(table).minimum)
    console.print(Text(printable(sheet.title), style="bold"))
    console.print(table)
    if left_out:
        console.print(f"A wider terminal and --json also show: {', '.join(left_out)}.", style="dim", soft_wrap=True)


def _without_spare(sheet: Sheet) -> Sheet:
    def kept(cells: Sequence[Any]) -> list[Any]:
        return [cell for cell, column in zip(cells, sheet.columns, strict=True) if not column.spare]

    return replace(
        sheet,
        columns=kept(sheet.columns),
        rows=[kept(row) for row in sheet.rows],
        total=kept(sheet.total) if sheet.total else (),
    )


def _table(sheet: Sheet) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    has_headings = any(column.heading for column in sheet.columns)
    table = Table(box=SIMPLE_HEAD, show_header=has_headings, show_footer=bool(sheet.total))
    footers = sheet.total or [""] * len(sheet.columns)
    for column, footer in zip(sheet.columns, footers, strict=True):
        table.add_column(
            column.heading, footer=Text(footer), justify=column.side, no_wrap=column.whole, overflow="fold"
        )
    for row in sheet.rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
