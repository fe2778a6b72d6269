"""The progress display."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.cli import progress
from audio_gateway.cli.progress import ProgressDisplay


class ManualClock:
    """A clock that a test sets."""

    now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    clock = ManualClock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def state_of(display: ProgressDisplay) -> str:
    shown: Any = display._progress
    return str(shown.tasks[0].fields["state"])


def job(completed: int, total: int, status: str = "running") -> dict[str, Any]:
    return {"status": status, "progress": {"completed": completed, "total": total}}


def test_the_remaining_time_is_estimated_from_the_pace(clock: ManualClock) -> None:
    display = ProgressDisplay()
    line = display.line("talk.mp3")
    line.on_upload(1_000_000, 10_000_000)
    clock.now_s += 10
    line.on_upload(5_000_000, 10_000_000)
    assert state_of(display) == "uploading 5.0 of 10.0 MB, about 10 s left"
    line.on_job(job(0, 5))
    clock.now_s += 100
    line.on_job(job(1, 5))
    assert state_of(display) == "1 of 5 parts, about 6 min 40 s left"


def test_there_is_no_early_or_unfounded_estimate(clock: ManualClock) -> None:
    display = ProgressDisplay()
    line = display.line("talk.mp3")
    line.on_job(job(0, 0, "queued"))
    assert state_of(display) == "queued"
    line.on_job(job(1, 5))
    assert state_of(display) == "1 of 5 parts"
    clock.now_s += 100
    line.on_job(job(0, 6))
    assert state_of(display) == "0 of 6 parts"


def test_after_the_last_part_the_state_is_joining(clock: ManualClock) -> None:
    display = ProgressDisplay()
    line = display.line("talk.mp3")
    line.on_job(job(5, 5))
    assert state_of(display) == "joining the parts"
