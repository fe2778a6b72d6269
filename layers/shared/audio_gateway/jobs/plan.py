"""How a job's work is divided: what of its input each chunk holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk's place in the input, from `start` up to `end`: samples at 16 kHz, or characters.

    The first `overlap` of them are also in the chunk before.
    """

    start: int
    end: int
    overlap: int = 0

    @property
    def own(self) -> int:
        """What no chunk before it has."""
        return self.end - self.start - self.overlap


@dataclass(frozen=True, slots=True)
class Plan:
    """All chunks in order. `amount` is what is charged for all of them: milliseconds of audio, or characters."""

    amount: int
    pieces: tuple[Piece, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is kept: numbers only."""
        return {"amount": self.amount, "pieces": [[piece.start, piece.end, piece.overlap] for piece in self.pieces]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(value["amount"], tuple(Piece(*numbers) for numbers in value["pieces"]))

    def lanes(self, concurrency: int) -> list[list[int]]:
        """The numbers of the chunks, dealt out to so many that each does its own one after the other."""
        count = min(concurrency, MOST_LANES, len(self.pieces))
        return [list(range(lane, len(self.pieces), count)) for lane in range(count)]


MOST_LANES: Final = 40
"""Iterations that Step Functions runs at once in an inline Map."""
