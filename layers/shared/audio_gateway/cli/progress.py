"""Progress display: a line on stderr for each task, only on a terminal."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from audio_gateway.cli.output import duration_text, printable

if TYPE_CHECKING:
    from rich.progress import TaskID

_MEGABYTE: Final = 1_000_000
_LONGEST_NAME: Final = 40
_MIN_ELAPSED_S: Final = 2
"""No estimate is shown before that."""


class WorkCancelled(BaseException):
    """The user stopped the command. Raised in a client's callback, it makes the client cancel its job."""


class ProgressDisplay:
    """All progress lines. After `stop`, every task ends at its next callback."""

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

    def line(self, name: str) -> ProgressLine:
        """Add a line."""
        name = printable(name)
        if len(name) > _LONGEST_NAME:
            name = "…" + name[1 - _LONGEST_NAME :]
        return ProgressLine(self, self._progress.add_task(name, total=None, state="waiting"))

    def update(self, task: TaskID, state: str, done: float, total: float | None) -> None:
        """Update a line."""
        self._progress.update(task, completed=done, total=total, state=printable(state))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Hide the lines while the block writes to the terminal."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def stop(self) -> None:
        """End all tasks."""
        self.stopped.set()

    def was_cancelled(self, job: dict[str, Any]) -> None:
        """Record a job that was cancelled after `stop`."""
        self._cancelled.append(job)

    def charged(self) -> list[str]:
        """Return a message for each cancelled job that is charged: what was done, and where the result is."""
        return [
            f"{job.get('id')} is charged for {_used(job['usage'])}, done before it was cancelled. "
            f"The partial result is at /v1/audio/jobs/{job.get('id')}/content?partial=true."
            for job in self._cancelled
            if job.get("usage")
        ]


def _used(usage: dict[str, Any]) -> str:
    return ", ".join(f"{number:,} {unit}" for unit, number in usage.items() if unit != "type")


class ProgressLine:
    """One progress line. `on_upload` and `on_job` are callbacks for a client."""

    def __init__(self, display: ProgressDisplay, task: TaskID) -> None:
        self._display = display
        self._task = task
        self._stage: tuple[float | None, float] = (None, 0.0)

    def on_upload(self, sent: int, total: int) -> None:
        """Show the bytes sent."""
        self._show(f"uploading {sent / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB", sent, total)

    def on_download(self, received: int, total: int) -> None:
        """Show the bytes received."""
        self._show(f"{received / _MEGABYTE:.1f} MB", received, total)

    def on_job(self, job: dict[str, Any]) -> None:
        """Show the state of the job."""
        if job.get("status") == "cancelled":
            self._display.was_cancelled(job)
            return
        progress = job.get("progress") or {}
        done, total = progress.get("completed") or 0, progress.get("total") or 0
        state = f"{done} of {total} parts" if total else str(job.get("status", "running"))
        if total and done == total and job.get("status") == "running":
            state = "joining the parts"
        self._show(state, done, total or None)

    def begin(self) -> None:
        """Start the task. Raises `WorkCancelled` after `stop`."""
        self._show("working", 0, None)

    def end(self, state: str) -> None:
        """End the task."""
        self._display.update(self._task, state, 1, 1)

    def _show(self, state: str, done: float, total: float | None) -> None:
        if self._display.stopped.is_set():
            raise WorkCancelled
        self._display.update(self._task, state + self._left(done, total), done, total)

    def _left(self, done: float, total: float | None) -> str:
        """Estimate the remaining time at the pace of this upload or job so far. Empty while it is unknown."""
        now_s = time.monotonic()
        if total != self._stage[0]:
            self._stage = (total, now_s)
        elapsed_s = now_s - self._stage[1]
        if not total or not 0 < done < total or elapsed_s < _MIN_ELAPSED_S:
            return ""
        return f", about {duration_text(math.ceil(elapsed_s * (total - done) / done))} left"
