"""The log lines and metrics of the scheduled functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.errors import MeteringUnavailable, StorageUnavailable
from audio_gateway.jobs.job_store import OpenJob
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.sweeper import SweepFailure, SweepReport, Swept
from audio_gateway.usage.rollup import RollupReport
from audio_gateway.usage.spend_alerts import SpendAlert
from audio_gateway.use_cases.jobs.orphaned import OrphanedJobsReport
from audio_gateway.workers.scheduled import rolls_up, sweeps

EVENTS = Path(__file__).parents[3] / "events"
HOLD = Hold(Payer("key_1", "default"), MeteredRequest("req_1", "speech", "talker", "characters", 10, 100, 40), 0, 960)


class Sweeping:
    def __init__(self, report: SweepReport) -> None:
        self._report = report

    def sweep(self, late: Callable[[], bool]) -> SweepReport:
        assert not late()
        return self._report


class Watching:
    def __init__(self, report: OrphanedJobsReport) -> None:
        self._report = report

    def end_them(self, late: Callable[[], bool]) -> OrphanedJobsReport:
        assert not late()
        return self._report


class Archived:
    def __init__(self, failures: list[StorageUnavailable]) -> None:
        self._failures = failures

    def end_them(self, late: Callable[[], bool]) -> list[StorageUnavailable]:
        assert not late()
        return self._failures


def event(name: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / f"{name}.json").read_text()))


def sweep(
    report: SweepReport,
    capsys: pytest.CaptureFixture[str],
    lost: OrphanedJobsReport | None = None,
    archived: list[StorageUnavailable] | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the function returns, and what it writes."""
    watching = Watching(lost or OrphanedJobsReport())
    handler = sweeps(Sweeping(report), watching, Archived(archived or []))  # type: ignore[arg-type] # fakes
    returned = handler(event("sweeper"), None)
    return returned, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_sweep_that_finds_nothing_logs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    returned, lines = sweep(SweepReport(keys=7), capsys)
    assert returned == {
        "keys": 7,
        "left": 0,
        "running": 0,
        "released": 0,
        "swept": 0,
        "abandoned": 0,
        "interrupted": 0,
        "cancelled": 0,
        "failed": 0,
    }
    assert lines == []


def test_a_sweep_without_time_for_all_keys_logs_that(capsys: pytest.CaptureFixture[str]) -> None:
    returned, (line, metrics) = sweep(SweepReport(keys=7, left=3, running=2), capsys)
    assert (returned["left"], line["left"], line["running"], metrics["SweepFailures"]) == (3, 3, 2, [1])


def test_a_sweep_without_time_for_all_jobs_logs_that(capsys: pytest.CaptureFixture[str]) -> None:
    returned, (line, metrics) = sweep(SweepReport(keys=7), capsys, OrphanedJobsReport(left=2))
    assert (returned["failed"], line["jobs_left"], metrics["SweepFailures"]) == (1, 2, [1])


def test_jobs_that_have_lost_their_work_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    failed: list[tuple[str | None, StorageUnavailable]] = [("job_2", StorageUnavailable("a secret text"))]
    wanted = [OpenJob("job_3", "default", 0, cancel_requested=True)]
    lost = OrphanedJobsReport(ended=[OpenJob("job_1", "default", 0)], cancelled=wanted, failures=failed)
    returned, (line, failure, metrics) = sweep(SweepReport(keys=7), capsys, lost)
    assert returned == {
        "keys": 7,
        "left": 0,
        "running": 0,
        "released": 0,
        "swept": 0,
        "abandoned": 0,
        "interrupted": 1,
        "cancelled": 1,
        "failed": 1,
    }
    assert (line["message"], line["jobs"], line["interrupted"]) == ("swept", ["job_1", "job_3"], 1)
    assert (failure["message"], failure["error"], failure["job_id"]) == ("not swept", "StorageUnavailable", "job_2")
    assert (metrics["JobsInterrupted"], metrics["SweepFailures"]) == ([1], [1])


def test_work_of_an_archived_project_that_cannot_be_ended_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    returned, (_, failure, metrics) = sweep(SweepReport(keys=7), capsys, archived=[StorageUnavailable("a secret text")])
    assert (returned["failed"], metrics["SweepFailures"]) == (1, [1])
    assert (failure["message"], failure["error"]) == ("not swept", "StorageUnavailable")


def test_a_sweep_is_one_log_line_and_five_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    settled = [Swept("abandoned", HOLD, 0), Swept("swept", HOLD, 70)]
    returned, (line, metrics) = sweep(SweepReport(keys=7, settled=settled), capsys)
    assert returned == {
        "keys": 7,
        "left": 0,
        "running": 0,
        "released": 0,
        "swept": 1,
        "abandoned": 1,
        "interrupted": 0,
        "cancelled": 0,
        "failed": 0,
    }
    assert (line["level"], line["message"], line["abandoned"]) == ("WARNING", "swept", 1)
    assert line["holds"] == [
        {"finding": "abandoned", "key_id": "key_1", "request_id": "req_1", "price_microusd": 0, "held_microusd": 100},
        {"finding": "swept", "key_id": "key_1", "request_id": "req_1", "price_microusd": 70, "held_microusd": 100},
    ]
    names = ("HoldsReleased", "HoldsSwept", "HoldsAbandoned", "JobsInterrupted", "SweepFailures")
    assert [metrics[name] for name in names] == [[0], [1], [1], [0], [0]]


def test_a_failure_says_which_account_and_where_and_not_what_the_account_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        json.loads("a secret text")
    except ValueError as cause:
        error = MeteringUnavailable("a secret text")
        error.__cause__ = cause
    failures = [SweepFailure("key_1", error), SweepFailure(None, RuntimeError("a secret text"))]
    returned, lines = sweep(SweepReport(keys=1, failures=failures), capsys)
    assert returned["failed"] == 2
    logged = [line for line in lines if line.get("message") == "not swept"]
    assert [(line["level"], line.get("key_id"), line["error"], line.get("cause")) for line in logged] == [
        ("ERROR", "key_1", "MeteringUnavailable", "JSONDecodeError"),
        ("ERROR", None, "RuntimeError", None),
    ]
    assert lines[-1]["SweepFailures"] == [2]
    assert "secret" not in json.dumps(lines)


def test_after_a_long_outage_a_line_names_some_and_counts_all(capsys: pytest.CaptureFixture[str]) -> None:
    settled = [Swept("abandoned", HOLD, 0) for _ in range(5_000)]
    _, (line, _metrics) = sweep(SweepReport(keys=1, settled=settled), capsys)
    assert (line["abandoned"], len(line["holds"])) == (5_000, 100)
    assert len(json.dumps(line)) < 256_000


class Spending:
    def __init__(self, alerts: list[SpendAlert]) -> None:
        self._alerts = alerts

    def new(self, key_ids: set[str]) -> list[SpendAlert]:
        return [alert for alert in self._alerts if alert.key_id in key_ids]


def test_a_roll_up_logs_keys_whose_budgets_are_nearly_spent(capsys: pytest.CaptureFixture[str]) -> None:
    class Rolling:
        def run(self) -> RollupReport:
            return RollupReport(watermark_ms=60_000, key_ids={"key_1"})

    alerts = [SpendAlert(key_id, "202611", 800_000, 1_000_000) for key_id in ("key_1", "key_2")]
    rolls_up(Rolling(), Spending(alerts))(event("rollup"), None)  # type: ignore[arg-type] # fakes
    _, line, metric = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["message"], line["key_id"]) == ("most of a budget is spent", "key_1")
    assert (line["committed_microusd"], line["budget_microusd"], line["month"]) == (800_000, 1_000_000, "202611")
    assert metric["BudgetsNearlySpent"] == [1.0]


def test_a_roll_up_logs_its_progress(capsys: pytest.CaptureFixture[str]) -> None:
    class Rolling:
        def run(self) -> RollupReport:
            return RollupReport(watermark_ms=60_000, hours=1, items=3)

    returned = rolls_up(Rolling(), Spending([]))(event("rollup"), None)  # type: ignore[arg-type] # fakes
    line = json.loads(capsys.readouterr().out)
    assert returned == {"frontier_ms": 60_000, "hours": 1, "items": 3, "mended_hours": 0, "superseded": False}
    assert returned.items() <= line.items()
