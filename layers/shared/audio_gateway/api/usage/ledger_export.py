"""A month of the ledger as one CSV file: read row by row, never whole in memory, and never cut off unnoticed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final, Self

from audio_gateway.api.http.parameters import Parameters
from audio_gateway.deadline import Deadline
from audio_gateway.errors import InvalidRequest, WorkTooLong
from audio_gateway.identity.directory_names import Names
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.storage.results import MIN_PART_BYTES, ResultStore
from audio_gateway.usage.ledger_csv import csv_parts
from audio_gateway.usage.ledger_reader import Ledger, batches

CSV_TYPE: Final = "text/csv; charset=utf-8"

# Lambda answers with at most 6 MB of JSON, in which the line ends and quotes of a text are escaped.
MAX_DIRECT_BYTES: Final = 4_500_000

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_INTO_NEXT_MONTH: Final = timedelta(days=32)

# What the last part and its completion take, with room to spare.
_UPLOAD_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for: rows of `start_ms` to before `end_ms` (unix milliseconds), of one project or of all."""

    start_ms: int
    end_ms: int
    project_id: str | None
    month: str
    filename: str

    def from_the(self, beginning_ms: int) -> Self:
        """The same without what lies before this moment."""
        return replace(self, start_ms=max(self.start_ms, min(beginning_ms, self.end_ms)))


@dataclass(frozen=True, slots=True)
class ExportSource:
    """Where rows come from and files go to.

    `names` makes a reader of names, which remembers what it has read. `beginning_ms` tells a moment (unix milliseconds)
    before which the ledger has no row, None if it does not know one.
    """

    ledger: Ledger
    names: Callable[[], Names]
    results: ResultStore
    beginning_ms: Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class Exported:
    """The file itself, or where it is: one of the two."""

    body: bytes | None
    url: str | None


def export_asked_for(items: Iterable[tuple[str, str]], now_s: int) -> Export:
    """Read the parameters of a request.

    Raises:
        InvalidRequest: `param` is the first parameter that is missing, unknown or wrong.
    """
    parameters = Parameters(items)
    month = parameters.text("month")
    project_id = parameters.text("project_id")
    parameters.refuse_the_rest()
    if month is None or not _MONTH.fullmatch(month) or month.startswith("0000"):
        raise InvalidRequest("'month' is required: a UTC month, such as 2026-11.", param="month")
    now = datetime.fromtimestamp(now_s, UTC)
    first = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)
    if first > now:
        raise InvalidRequest(f"'month' has not begun: it is {now:%Y-%m} (UTC).", param="month")
    end = (first + _INTO_NEXT_MONTH).replace(day=1)
    # A month that is running is not complete, and must not look as if it were.
    name = f"ledger-{month}" if end <= now else f"ledger-{month}-until-{now:%Y%m%dT%H%M%SZ}"
    return Export(
        start_ms=int(first.timestamp()) * 1000,
        end_ms=min(int(end.timestamp()), now_s + 1) * 1000,
        project_id=project_id,
        month=month,
        filename=f"{name}.csv",
    )


def export(asked: Export, source: ExportSource, deadline: Deadline) -> Exported:
    """Read the rows and hand out the file, or put it into the bucket where it does not fit into an answer.

    Raises:
        WorkTooLong: reading does not end before the deadline; nothing is left in the bucket.
    """
    asked = asked.from_the(source.beginning_ms() or 0)  # the hours before it would be queries for nothing
    with closing(batches(source.ledger, asked.start_ms, asked.end_ms)) as found:
        parts = csv_parts(_rows(found, asked, deadline), source.names(), MIN_PART_BYTES)
        first = next(parts)
        if len(first) <= MAX_DIRECT_BYTES:
            return Exported(first, None)
        url = source.results.put_parts(chain([first], parts), CSV_TYPE, owner="organization", filename=asked.filename)
        return Exported(None, url)


def _rows(found: Iterable[list[LedgerRow]], asked: Export, deadline: Deadline) -> Iterator[LedgerRow]:
    for batch in found:
        _look_at(deadline, asked)
        yield from (row for row in batch if asked.project_id in (None, row.project_id))


def _look_at(deadline: Deadline, asked: Export) -> None:
    if deadline.remaining_s() < _UPLOAD_SECONDS:
        message = (
            f"{asked.month} has more rows than one call can read, and nothing was exported. "
            f"The command line has no such limit: audio-gateway ledger {asked.month}"
        )
        raise WorkTooLong(message, param="month")
