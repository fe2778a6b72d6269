"""Sums of the ledger over a period, by what is to be told apart."""

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


class Field(StrEnum):
    """What can be told apart."""

    DAY = "day"
    HOUR = "hour"
    KEY = "key"
    PROJECT = "project"
    MODEL = "model"
    ENDPOINT = "endpoint"


@dataclass(frozen=True)
class Question:
    """The options that say whose use counts, and what is told apart."""

    by: Annotated[
        list[Field] | None, typer.Option(help="What to tell apart; again for more than one. Default: day.")
    ] = None
    key: Annotated[str | None, typer.Option(metavar="KEY_ID", help="Only of this key.")] = None
    project: Annotated[str | None, typer.Option(metavar="ID", help="Only of this project.")] = None
    model: Annotated[str | None, typer.Option(metavar="ID", help="Only of this model.")] = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is told apart, in the order that was asked for."""
        return tuple(dict.fromkeys(self.by)) if self.by else (Field.DAY,)

    def counts(self, cell: Dimensions) -> bool:
        """Whether the use in a cell is asked for."""
        return self.project in {None, cell.project_id} and self.model in {None, cell.model}


@dataclass(frozen=True, slots=True)
class Sum:
    """What was used and what it costs. The price is what callers pay, the cost what the providers take."""

    requests: int = 0
    characters: int = 0
    audio_ms: int = 0
    price_microusd: int = 0
    cost_microusd: int = 0

    def plus(self, cell: Dimensions, tally: Totals) -> Sum:
        """The sum with the use in a cell."""
        speech = cell.endpoint == _SPEECH
        return Sum(
            self.requests + tally.requests,
            self.characters + (tally.amount if speech else 0),
            self.audio_ms + (0 if speech else tally.amount),
            self.price_microusd + tally.price_microusd,
            self.cost_microusd + tally.cost_microusd,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """Sums by the values of the fields, in their order, and the sum of them all. Times are unix milliseconds."""

    start_ms: int
    end_ms: int
    fields: tuple[Field, ...]
    sums: dict[tuple[str, ...], Sum]
    total: Sum


def report(books: UsageReports, between_ms: tuple[int, int], question: Question) -> Report:
    """The answer to a question about a period."""
    start_ms, end_ms = between_ms
    edges_ms = _edges(start_ms, end_ms, question.fields)
    series = books.series(edges_ms, None if question.key is None else [question.key])
    sums: dict[tuple[str, ...], Sum] = {}
    total = Sum()
    for (at_ms, _), cells in zip(pairwise(edges_ms), series, strict=True):
        for cell, tally in cells.items():
            if question.counts(cell):
                place = tuple(_value(field, at_ms, cell) for field in question.fields)
                sums[place] = sums.get(place, Sum()).plus(cell, tally)
                total = total.plus(cell, tally)
    return Report(start_ms, end_ms, question.fields, dict(sorted(sums.items())), total)


def _edges(start_ms: int, end_ms: int, fields: Sequence[Field]) -> list[int]:
    """The edges of the stretches that are summed: as fine as the fields tell times apart."""
    if Field.HOUR not in fields and Field.DAY not in fields:
        return [start_ms, end_ms]
    width = _HOUR_MS if Field.HOUR in fields else _DAY_MS
    return [start_ms, *range((start_ms // width + 1) * width, end_ms, width), end_ms]


def _value(field: Field, at_ms: int, cell: Dimensions) -> str:
    match field:
        case Field.DAY:
            return _written(at_ms, "%Y-%m-%d")
        case Field.HOUR:
            return _written(at_ms, "%Y-%m-%dT%H:00")
        case Field.KEY:
            return cell.key_id
        case Field.PROJECT:
            return cell.project_id
        case Field.MODEL:
            return cell.model
        case Field.ENDPOINT:
            return cell.endpoint


def _written(at_ms: int, pattern: str) -> str:
    return datetime.fromtimestamp(at_ms // _MILLISECONDS, UTC).strftime(pattern)
