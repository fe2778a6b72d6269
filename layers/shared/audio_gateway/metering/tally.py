"""What reports add up: the use of one model through one endpoint by one key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from audio_gateway.metering.account import UNPAID
from audio_gateway.metering.ledger import LedgerRow


@dataclass(frozen=True, slots=True)
class Cell:
    """What is told apart. The endpoint says the unit of the amount."""

    key_id: str
    project_id: str
    endpoint: str
    model: str


@dataclass(frozen=True, slots=True)
class Tally:
    """A sum of ledger rows. `amount` is characters for speech, milliseconds of audio for the others."""

    requests: int
    amount: int
    price_microusd: int
    cost_microusd: int

    def __add__(self, other: Self) -> Tally:
        return Tally(
            self.requests + other.requests,
            self.amount + other.amount,
            self.price_microusd + other.price_microusd,
            self.cost_microusd + other.cost_microusd,
        )


Tallies = dict[Cell, Tally]


def add(tallies: Tallies, cell: Cell, tally: Tally) -> None:
    """Count a tally into a sum."""
    before = tallies.get(cell)
    tallies[cell] = tally if before is None else before + tally


def counted(row: LedgerRow) -> bool:
    """Whether a row is of anything that reports tell: of a request that was abandoned nobody knows more than that."""
    return row.outcome != "abandoned"


def cell_of(row: LedgerRow) -> Cell:
    """Where a row counts."""
    return Cell(row.key_id, row.project_id, row.endpoint, row.model)


def tally_of(row: LedgerRow) -> Tally:
    """What a row counts: one that failed is no use of anything, but the provider takes its money."""
    if row.outcome in UNPAID:
        return Tally(0, 0, 0, row.cost_microusd)
    return Tally(1, row.amount, row.price_microusd, row.cost_microusd)


def total(rows: Iterable[LedgerRow]) -> Tallies:
    """The sum of rows by cell."""
    return summed((cell_of(row), tally_of(row)) for row in rows if counted(row))


def summed(tallies: Iterable[tuple[Cell, Tally]]) -> Tallies:
    """The sum by cell."""
    found: Tallies = {}
    for cell, tally in tallies:
        add(found, cell, tally)
    return found


def merged(one: Tallies, other: Tallies) -> Tallies:
    """The sum of two sums."""
    return summed((*one.items(), *other.items()))
