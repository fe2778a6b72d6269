"""A month of the ledger as one CSV file, read row by row: never whole in memory, never silently incomplete."""

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

# Lambda sends at most 6 MB of JSON, in which line ends and quotes of a text are escaped.
MAX_DIRECT_BYTES: Final = 4_500_000

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_INTO_NEXT_MONTH: Final = timedelta(days=32)

# Enough for uploading the last part and completing the upload.
_UPLOAD_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """Which rows to export: from `start_ms` to before `end_ms` (Unix milliseconds), of one project or of all."""

    start_ms: int
    end_ms: int
    project_id: str | None
    month: str
    filename: str

    def from_the(self, beginning_ms: int) -> Self:
        """The same rows without those before this moment."""
        return replace(self, start_ms=max(self.start_ms, min(beginning_ms, self.end_ms)))


@dataclass(frozen=True, slots=True)
class ExportSource:
    """Where rows are read from, and files written to.

    `names` makes a caching reader of names. `beginning_ms` gives a moment (Unix milliseconds) before which the ledger
    has no rows, or None if it is unknown.
    """

    ledger: Ledger
    names: Callable[[], Names]
    results: ResultStore
    beginning_ms: Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class Exported:
    """The file itself or its URL."""

    body: bytes | None
    url: str | None


def export_query(items: Iterable[tuple[str, str]], now_s: int) -> ExportQuery:
    """Read the parameters of a request.

    Raises:
        InvalidRequest: `param` is the first parameter that is missing, unknown or wrong.
    """
    parameters = Parameters(items)
    month = parameters.text("month")
    project_id = parameters.text("project_id")
    parameters.refuse_the_rest()
    if month is None or not _MONTH.fullmatch(month) or month.startswith("0000"):
        raise InvalidRequest("'month' is required: a UTC month such as 2026-11.", param="month")
    now = datetime.fromtimestamp(now_s, UTC)
    first = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)
    if first > now:
        raise InvalidRequest(
            f"'month' is {month}, which has not begun: the current month is {now:%Y-%m} (UTC).", param="month"
        )
    end = (first + _INTO_NEXT_MONTH).replace(day=1)
    # The current month is not complete, and its name must say so.
    name = f"ledger-{month}" if end <= now else f"ledger-{month}-until-{now:%Y%m%dT%H%M%SZ}"
    return ExportQuery(
        start_ms=int(first.timestamp()) * 1000,
        end_ms=min(int(end.timestamp()), now_s + 1) * 1000,
        project_id=project_id,
        month=month,
        filename=f"{name}.csv",
    )


def export(query: ExportQuery, source: ExportSource, deadline: Deadline) -> Exported:
    """Read the rows and return the file, or write it to the bucket if it does not fit into a response.

    Raises:
        WorkTooLong: the rows cannot be read before the deadline. Nothing is left in the bucket.
    """
    query = query.from_the(source.beginning_ms() or 0)  # queries for earlier hours would find nothing
    with closing(batches(source.ledger, query.start_ms, query.end_ms)) as found:
        parts = csv_parts(_rows(found, query, deadline), source.names(), MIN_PART_BYTES)
        first = next(parts)
        if len(first) <= MAX_DIRECT_BYTES:
            return Exported(first, None)
        url = source.results.put_parts(chain([first], parts), CSV_TYPE, owner="organization", filename=query.filename)
        return Exported(None, url)


def _rows(found: Iterable[list[LedgerRow]], query: ExportQuery, deadline: Deadline) -> Iterator[LedgerRow]:
    for batch in found:
        _check(deadline, query)
        yield from (row for row in batch if query.project_id in (None, row.project_id))


def _check(deadline: Deadline, query: ExportQuery) -> None:
    if deadline.remaining_s() < _UPLOAD_SECONDS:
        message = (
            f"'month' is {query.month}, which has more rows than one request can read; nothing was exported. "
            f"Use the command line, which has no such limit: audio-gateway ledger {query.month}"
        )
        raise WorkTooLong(message, param="month")
