"""What people see while they wait: a line for each piece of work, on stderr, and only where it is a terminal."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from audio_gateway.cli.output import printable, span_text

if TYPE_CHECKING:
    from rich.progress import TaskID

_MEGABYTE: Final = 1_000_000
_LONGEST_NAME: Final = 40
_TOO_SOON_S: Final = 2
"""No guess before that."""


class Stopped(BaseException):
    """Nobody waits any more: raised in what a client tells, so that it cancels its job."""


class Board:
    """The lines. `stop` ends all work at its next report."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}", markup=False),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.stopped = threading.Event()
        self._cancelled: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def line(self, name: str) -> Line:
        """A new line."""
        name = printable(name)
        if len(name) > _LONGEST_NAME:
            name = "…" + name[1 - _LONGEST_NAME :]
        return Line(self, self._progress.add_task(name, total=None, state="waiting"))

    def update(self, task: TaskID, state: str, done: float, total: float | None) -> None:
        """Change a line."""
        self._progress.update(task, completed=done, total=total, state=printable(state))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the lines away for as long as the block writes to the terminal."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def stop(self) -> None:
        """End all work."""
        self.stopped.set()

    def was_cancelled(self, job: dict[str, Any]) -> None:
        """Told of a job that ended because nobody waits any more."""
        self._cancelled.append(job)

    def charged(self) -> list[str]:
        """What was done of the jobs that were cancelled, and where it is."""
        return [
            f"Of {job.get('id')} {_used(job['usage'])} had been done and are charged. They are kept at "
            f"/v1/audio/jobs/{job.get('id')}/content?partial=true."
            for job in self._cancelled
            if job.get("usage")
        ]


def _used(usage: dict[str, Any]) -> str:
    return ", ".join(f"{number:,} {unit}" for unit, number in usage.items() if unit != "type")


class Line:
    """One line; `on_upload` and `on_job` are what clients tell."""

    def __init__(self, board: Board, task: TaskID) -> None:
        self._board = board
        self._task = task
        self._stage: tuple[float | None, float] = (None, 0.0)

    def on_upload(self, sent: int, total: int) -> None:
        """So many bytes of the file are sent."""
        self._go_on(f"uploading {sent / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB", sent, total)

    def on_download(self, received: int, total: int) -> None:
        """So many bytes of the result are here."""
        self._go_on(f"{received / _MEGABYTE:.1f} MB", received, total)

    def on_job(self, job: dict[str, Any]) -> None:
        """The job as it is now."""
        if job.get("status") == "cancelled":
            self._board.was_cancelled(job)
            return
        progress = job.get("progress") or {}
        done, total = progress.get("completed") or 0, progress.get("total") or 0
        state = f"{done} of {total} parts" if total else str(job.get("status", "running"))
        if total and done == total and job.get("status") == "running":
            state = "joining the parts"
        self._go_on(state, done, total or None)

    def begin(self) -> None:
        """The work begins; raises `Stopped` if it must not."""
        self._go_on("working", 0, None)

    def end(self, state: str) -> None:
        """The work is over."""
        self._board.update(self._task, state, 1, 1)

    def _go_on(self, state: str, done: float, total: float | None) -> None:
        if self._board.stopped.is_set():
            raise Stopped
        self._board.update(self._task, state + self._left(done, total), done, total)

    def _left(self, done: float, total: float | None) -> str:
        """How long the rest takes at the pace so far of this upload or job; nothing where that is not known yet."""
        now_s = time.monotonic()
        if total != self._stage[0]:
            self._stage = (total, now_s)
        elapsed_s = now_s - self._stage[1]
        if not total or not 0 < done < total or elapsed_s < _TOO_SOON_S:
            return ""
        return f", about {span_text(math.ceil(elapsed_s * (total - done) / done))} left"
