"""Sums usage over a period, grouped by any of the fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final

import typer

from audio_gateway.usage.reports import Dimensions, Totals, UsageReports

_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
_MILLISECONDS: Final = 1_000
_SPEECH: Final = "speech"


class GroupBy(StrEnum):
    """What a report can be grouped by."""

    DAY = "day"
    HOUR = "hour"
    KEY = "key"
    PROJECT = "project"
    MODEL = "model"
    ENDPOINT = "endpoint"


@dataclass(frozen=True)
class ReportOptions:
    """The options that filter and group a report."""

    by: Annotated[
        list[GroupBy] | None, typer.Option(help="Group by this field. Repeat for more fields. Default: day.")
    ] = None
    key: Annotated[str | None, typer.Option(metavar="KEY_ID", help="Only this key.")] = None
    project: Annotated[str | None, typer.Option(metavar="ID", help="Only this project.")] = None
    model: Annotated[str | None, typer.Option(metavar="ID", help="Only this model.")] = None

    @property
    def fields(self) -> tuple[GroupBy, ...]:
        """The fields to group by, in the given order."""
        return tuple(dict.fromkeys(self.by)) if self.by else (GroupBy.DAY,)

    def counts(self, cell: Dimensions) -> bool:
        """Whether the filters select a cell."""
        return self.project in {None, cell.project_id} and self.model in {None, cell.model}


@dataclass(frozen=True, slots=True)
class UsageSum:
    """Usage and its money. The price is what callers pay, the cost what providers charge."""

    requests: int = 0
    characters: int = 0
    audio_ms: int = 0
    price_microusd: int = 0
    cost_microusd: int = 0

    def plus(self, cell: Dimensions, tally: Totals) -> UsageSum:
        """Return the sum with a cell added."""
        speech = cell.endpoint == _SPEECH
        return UsageSum(
            self.requests + tally.requests,
            self.characters + (tally.amount if speech else 0),
            self.audio_ms + (0 if speech else tally.amount),
            self.price_microusd + tally.price_microusd,
            self.cost_microusd + tally.cost_microusd,
        )


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Sums by the values of the fields, sorted, and the total. Times are Unix milliseconds."""

    start_ms: int
    end_ms: int
    fields: tuple[GroupBy, ...]
    sums: dict[tuple[str, ...], UsageSum]
    total: UsageSum


def build_report(usage_reports: UsageReports, between_ms: tuple[int, int], options: ReportOptions) -> UsageReport:
    """Build the report for a period."""
    start_ms, end_ms = between_ms
    edges_ms = _edges(start_ms, end_ms, options.fields)
    series = usage_reports.series(edges_ms, None if options.key is None else [options.key])
    sums: dict[tuple[str, ...], UsageSum] = {}
    total = UsageSum()
    for (at_ms, _), cells in zip(pairwise(edges_ms), series, strict=True):
        for cell, tally in cells.items():
            if options.counts(cell):
                place = tuple(_value(field, at_ms, cell) for field in options.fields)
                sums[place] = sums.get(place, UsageSum()).plus(cell, tally)
                total = total.plus(cell, tally)
    return UsageReport(start_ms, end_ms, options.fields, dict(sorted(sums.items())), total)


def _edges(start_ms: int, end_ms: int, fields: Sequence[GroupBy]) -> list[int]:
    """Return the edges of the time buckets, as fine as the fields require."""
    if GroupBy.HOUR not in fields and GroupBy.DAY not in fields:
        return [start_ms, end_ms]
    width = _HOUR_MS if GroupBy.HOUR in fields else _DAY_MS
    return [start_ms, *range((start_ms // width + 1) * width, end_ms, width), end_ms]


def _value(field: GroupBy, at_ms: int, cell: Dimensions) -> str:
    match field:
        case GroupBy.DAY:
            return _time_text(at_ms, "%Y-%m-%d")
        case GroupBy.HOUR:
            return _time_text(at_ms, "%Y-%m-%dT%H:00")
        case GroupBy.KEY:
            return cell.key_id
        case GroupBy.PROJECT:
            return cell.project_id
        case GroupBy.MODEL:
            return cell.model
        case GroupBy.ENDPOINT:
            return cell.endpoint


def _time_text(at_ms: int, pattern: str) -> str:
    return datetime.fromtimestamp(at_ms // _MILLISECONDS, UTC).strftime(pattern)
