"""How a job's work is divided: what of its input each chunk holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Self

from audio_gateway.jobs.job import Answered


@dataclass(frozen=True, slots=True)
class ChunkSpan:
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
class DoneChunk:
    """A chunk whose answer has come: by which model, and how much it is in the unit of its place.

    `rest` are the other chunks of its task if that is done with this one, None where one of them is still missing.
    """

    number: int
    task: int
    model: str
    units: int
    rest: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """All chunks in order. `amount` is what is charged for all of them: milliseconds of audio, or characters.

    `jumps` are those of the recording's `Timeline`.
    """

    amount: int
    pieces: tuple[ChunkSpan, ...]
    jumps: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is kept: numbers only."""
        pieces = [[piece.start, piece.end, piece.overlap] for piece in self.pieces]
        return {"amount": self.amount, "pieces": pieces, "jumps": self.jumps}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        jumps = tuple((at_ms, ahead_ms) for at_ms, ahead_ms in value.get("jumps", ()))  # of older plans: none
        return cls(value["amount"], tuple(ChunkSpan(*numbers) for numbers in value["pieces"]), jumps)

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

    def counted(self, answered: Answered) -> list[int]:
        """The numbers of the chunks that are counted, in order."""
        of_tasks = {chunk for task in answered.tasks for chunk in self.chunks_of(task)}
        return sorted(of_tasks | answered.chunks)

    def done(self, number: int, model: str, counted: Collection[int]) -> DoneChunk:
        """A chunk that `model` has done, as it is counted behind those that are."""
        task = self.task_of(number)
        rest = tuple(other for other in self.chunks_of(task) if other != number)
        is_last = all(other in counted for other in rest)
        return DoneChunk(number, task, model, self.pieces[number].own, rest if is_last else None)

    def amount_of(self, number: int) -> int:
        """What a chunk is charged as: its share of the whole, rounded down."""
        return self.pieces[number].own * self.amount // max(1, self.units)

    @property
    def units(self) -> int:
        """How much all chunks are, in the unit of their places; what two of them share is counted once."""
        return sum(piece.own for piece in self.pieces)

    def lanes(self, concurrency: int) -> list[list[int]]:
        """The numbers of the tasks, dealt out to so many that each does its own one after the other."""
        count = min(concurrency, MOST_LANES, self.tasks)
        return [list(range(lane, self.tasks, count)) for lane in range(count)]

    @property
    def _chunks_of_a_task(self) -> int:
        return max(1, -(-len(self.pieces) // MOST_TASKS))


MOST_TASKS: Final = 375
"""What the history of an execution, 25,000 events, has room for even if each of them uses up all of its tries.

Step Functions writes 9 events for a task that is given up, and 3 for each further try, of which there are 15.
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
