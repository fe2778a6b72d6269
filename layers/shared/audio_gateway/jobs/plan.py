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

    @property
    def tasks(self) -> int:
        """How many tasks there are: one for each chunk, or for several in a row where there are very many."""
        return -(-len(self.pieces) // self._chunks_of_a_task)

    def chunks_of(self, task: int) -> range:
        """The numbers of a task's chunks."""
        first = task * self._chunks_of_a_task
        return range(first, min(first + self._chunks_of_a_task, len(self.pieces)))

    def task_of(self, chunk: int) -> int:
        """The number of the task that a chunk belongs to."""
        return chunk // self._chunks_of_a_task

    def lanes(self, concurrency: int) -> list[list[int]]:
        """The numbers of the tasks, dealt out to so many that each does its own one after the other."""
        count = min(concurrency, MOST_LANES, self.tasks)
        return [list(range(lane, self.tasks, count)) for lane in range(count)]

    @property
    def _chunks_of_a_task(self) -> int:
        return max(1, -(-len(self.pieces) // MOST_TASKS))


MOST_TASKS: Final = 375
"""What the history of an execution, 25,000 events, has room for even if each of them uses up all of its tries.

Step Functions writes 9 events for a task that is given up, and 3 for each further try, of which there are 16.
"""

MOST_PIECES: Final = 10_000
"""What the steps before and behind the chunks read and write within Lambda's 15 minutes, one file after the other."""

MOST_LANES: Final = 40
"""Iterations that Step Functions runs at once in an inline Map."""

LEFT_TO_OTHERS: Final = 5
"""Environments of Lambda that a job leaves to callers, the authorizer, the schedules and other jobs."""


def lanes_within(environments: int) -> int:
    """In how many lanes at most a job is worked on, where so many environments may run at once in all."""
    return min(MOST_LANES, max(1, environments - LEFT_TO_OTHERS))
