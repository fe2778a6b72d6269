"""How a job's work is divided: the span of the input that each chunk holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Self

from audio_gateway.jobs.job import Answered


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """A chunk's span of the input, from `start` up to `end`, in samples at 16 kHz or characters.

    The first `overlap` of them are also in the previous chunk.
    """

    start: int
    end: int
    overlap: int = 0

    @property
    def own(self) -> int:
        """The length that no earlier chunk has."""
        return self.end - self.start - self.overlap


@dataclass(frozen=True, slots=True)
class DoneChunk:
    """A chunk that is done: the model that did it, and its length in the unit of its span.

    `rest` are the other chunks of its task if this one completes the task, None if the task is not complete.
    """

    number: int
    task: int
    model: str
    units: int
    rest: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """All chunks, in order. `amount` is what is charged for all of them, in milliseconds of audio or characters.

    `jumps` are those of the recording's `Timeline`.
    """

    amount: int
    pieces: tuple[ChunkSpan, ...]
    jumps: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The plan as it is stored: numbers only."""
        pieces = [[piece.start, piece.end, piece.overlap] for piece in self.pieces]
        return {"amount": self.amount, "pieces": pieces, "jumps": self.jumps}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The plan that `to_json` returned."""
        jumps = tuple((at_ms, ahead_ms) for at_ms, ahead_ms in value.get("jumps", ()))  # none in older plans
        return cls(value["amount"], tuple(ChunkSpan(*numbers) for numbers in value["pieces"]), jumps)

    @property
    def tasks(self) -> int:
        """The number of tasks: one for each chunk, or for several consecutive chunks if there are very many."""
        return -(-len(self.pieces) // self._chunks_of_a_task)

    def chunks_of(self, task: int) -> range:
        """The numbers of a task's chunks."""
        first = task * self._chunks_of_a_task
        return range(first, min(first + self._chunks_of_a_task, len(self.pieces)))

    def task_of(self, chunk: int) -> int:
        """The number of a chunk's task."""
        return chunk // self._chunks_of_a_task

    def counted(self, answered: Answered) -> list[int]:
        """The numbers of the counted chunks, in order."""
        of_tasks = {chunk for task in answered.tasks for chunk in self.chunks_of(task)}
        return sorted(of_tasks | answered.chunks)

    def done(self, number: int, model: str, counted: Collection[int]) -> DoneChunk:
        """A chunk that `model` has done, to be counted after the `counted` ones."""
        task = self.task_of(number)
        rest = tuple(other for other in self.chunks_of(task) if other != number)
        is_last = all(other in counted for other in rest)
        return DoneChunk(number, task, model, self.pieces[number].own, rest if is_last else None)

    def amount_of(self, number: int) -> int:
        """The amount that is charged for a chunk: its share of the whole, rounded down."""
        return self.pieces[number].own * self.amount // max(1, self.units)

    @property
    def units(self) -> int:
        """The length of all chunks in the unit of their spans; overlaps count once."""
        return sum(piece.own for piece in self.pieces)

    def lanes(self, concurrency: int) -> list[list[int]]:
        """The numbers of the tasks, dealt out to lanes; each lane works through its tasks one after the other."""
        count = min(concurrency, MOST_LANES, self.tasks)
        return [list(range(lane, self.tasks, count)) for lane in range(count)]

    @property
    def _chunks_of_a_task(self) -> int:
        return max(1, -(-len(self.pieces) // MOST_TASKS))


MOST_TASKS: Final = 375
"""The most tasks that fit into an execution's history of 25,000 events, even if every task uses all of its tries.

Step Functions writes 9 events for a task that fails, and 3 for each further try, of which there are 15.
"""

MOST_PIECES: Final = 10_000
"""The most chunks that the steps before and after them can read and write one by one in Lambda's 15 minutes."""

MOST_LANES: Final = 40
"""The most iterations that Step Functions runs at the same time in an inline Map."""

LEFT_TO_OTHERS: Final = 5
"""Lambda environments that a job leaves to callers, the authorizer, the schedules and other jobs."""


def lanes_within(environments: int) -> int:
    """The most lanes of a job, where so many Lambda environments may run at the same time in total."""
    return min(MOST_LANES, max(1, environments - LEFT_TO_OTHERS))
