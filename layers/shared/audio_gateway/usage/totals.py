"""The totals of reports: the use of one model through one endpoint by one key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from audio_gateway.metering.account import UNPAID
from audio_gateway.metering.ledger import LedgerRow


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What totals are grouped by. The endpoint decides the unit of the amount."""

    key_id: str
    project_id: str
    endpoint: str
    model: str


@dataclass(frozen=True, slots=True)
class Totals:
    """A sum of ledger rows. `amount` is characters for speech, milliseconds of audio for the others."""

    requests: int
    amount: int
    price_microusd: int
    cost_microusd: int

    def __add__(self, other: Self) -> Totals:
        return Totals(
            self.requests + other.requests,
            self.amount + other.amount,
            self.price_microusd + other.price_microusd,
            self.cost_microusd + other.cost_microusd,
        )


TotalsByDimensions = dict[Dimensions, Totals]


def add(totals_by_dimensions: TotalsByDimensions, dimensions: Dimensions, totals: Totals) -> None:
    """Add totals to a sum."""
    before = totals_by_dimensions.get(dimensions)
    totals_by_dimensions[dimensions] = totals if before is None else before + totals


def counted(row: LedgerRow) -> bool:
    """Whether reports count a row: of an abandoned request, nothing but that is known."""
    return row.outcome != "abandoned"


def dimensions_of(row: LedgerRow) -> Dimensions:
    """The dimensions of a row."""
    return Dimensions(row.key_id, row.project_id, row.endpoint, row.model)


def totals_of(row: LedgerRow) -> Totals:
    """The totals of a row: a failed request used nothing, but has a provider cost."""
    if row.outcome in UNPAID:
        return Totals(0, 0, 0, row.cost_microusd)
    return Totals(1, row.amount, row.price_microusd, row.cost_microusd)


def total(rows: Iterable[LedgerRow]) -> TotalsByDimensions:
    """The sum of rows by dimensions."""
    return summed((dimensions_of(row), totals_of(row)) for row in rows if counted(row))


def summed(totals_by_dimensions: Iterable[tuple[Dimensions, Totals]]) -> TotalsByDimensions:
    """The sum by dimensions."""
    found: TotalsByDimensions = {}
    for dimensions, totals in totals_by_dimensions:
        add(found, dimensions, totals)
    return found


def merged(one: TotalsByDimensions, other: TotalsByDimensions) -> TotalsByDimensions:
    """The sum of two sums."""
    return summed((*one.items(), *other.items()))
