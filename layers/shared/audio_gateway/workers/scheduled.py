"""The handlers of the functions that a schedule calls. Nothing of the event is read: the clock says what to do."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any, Final

from audio_gateway.deadline import Deadline
from audio_gateway.metering.sweeper import Sweeper, SweepReport
from audio_gateway.telemetry import count, logger
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.spend_alerts import SpendAlert, SpendAlerts
from audio_gateway.use_cases.archived_projects import ArchivedProjects
from audio_gateway.use_cases.jobs.orphaned import OrphanedJobs, OrphanedJobsReport

SWEEP_BUDGET_S: Final = 45
"""What the sweeper has not got to by then, the next one does: it must have time to say what it did (template.yaml)."""

LOST_JOBS_BUDGET_S: Final = 15
"""Of that, for jobs: while Step Functions or Lambda do not answer, each takes long, and money must not wait."""

ScheduledHandler = Callable[[dict[str, Any], Any], dict[str, Any]]

# A log line may have 256 KB. After a long outage there are more holds than that; the ledger has them all.
_MAX_NAMED: Final = 100


def sweeps(sweeper: Sweeper, lost_jobs: OrphanedJobs, archived: ArchivedProjects) -> ScheduledHandler:
    """The sweeper's handler: what archived projects have left, jobs that are to be ended, and expired holds."""

    def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        deadline = Deadline.after(SWEEP_BUDGET_S)
        time_for_jobs = Deadline.after(LOST_JOBS_BUDGET_S)
        failures = archived.end_them(late=lambda: time_for_jobs.passed)
        lost = lost_jobs.end_them(late=lambda: time_for_jobs.passed)
        lost.failures += [(None, error) for error in failures]
        report = sweeper.sweep(late=lambda: deadline.passed)
        counts = {
            "released": report.count("released"),
            "swept": report.count("swept"),
            "abandoned": report.count("abandoned"),
            "interrupted": len(lost.ended),
            "cancelled": len(lost.cancelled),
            # That there was no time for all is a failure too: if it goes on, money stays held.
            "failed": len(report.failures) + len(lost.failures) + (report.left > 0) + (lost.left > 0),
        }
        if any(counts.values()):
            _tell(report, lost, counts)
        return {"keys": report.keys, "left": report.left, "running": report.running, **counts}

    return handler


def rolls_up(rollup: Rollup, alerts: SpendAlerts) -> ScheduledHandler:
    """The roll-up's handler: what keys have used, and which of them have used most of their budget."""

    def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        report = rollup.run()
        fields = {
            "frontier_ms": report.watermark_ms,
            "hours": report.hours,
            "items": report.items,
            "mended_hours": report.recomputed,
            "superseded": report.superseded,
        }
        logger().info("rolled up", extra=fields)
        _tell_spending(alerts.new(report.key_ids))
        return fields

    return handler


def _tell_spending(alerts: Collection[SpendAlert]) -> None:
    """A line for each key, and the metric that an alarm is set on."""
    for alert in alerts:
        logger().warning("most of a budget is spent", extra=asdict(alert))
    if alerts:
        count(BudgetsNearlySpent=len(alerts))


def _tell(report: SweepReport, lost: OrphanedJobsReport, counts: dict[str, int]) -> None:
    """One line with what was found, one for each failure, and the metrics that an alarm is set on."""
    holds = [
        {
            "finding": swept.finding,
            "key_id": swept.hold.caller.key_id,
            "request_id": swept.hold.work.request_id,
            "price_microusd": swept.price_microusd,
            "held_microusd": swept.hold.work.price_microusd,
        }
        for swept in report.settled[:_MAX_NAMED]
    ]
    jobs = [job.id for job in (*lost.ended, *lost.cancelled)[:_MAX_NAMED]]
    looked_at = {"keys": report.keys, "left": report.left, "running": report.running, "jobs_left": lost.left}
    logger().warning("swept", extra={**counts, **looked_at, "holds": holds, "jobs": jobs})
    for failure in report.failures[:_MAX_NAMED]:
        logger().error("not swept", extra={"key_id": failure.key_id, **_described(failure.error)})
    for job_id, error in lost.failures[:_MAX_NAMED]:
        logger().error("not swept", extra={"job_id": job_id, **_described(error)})
    count(
        HoldsReleased=counts["released"],
        HoldsSwept=counts["swept"],
        HoldsAbandoned=counts["abandoned"],
        JobsInterrupted=counts["interrupted"],
        SweepFailures=counts["failed"],
    )


def _described(error: Exception) -> dict[str, Any]:
    """Where a failure came from. The message of an unknown exception may quote what must not be logged."""
    return {
        "error": type(error).__qualname__,
        "cause": None if error.__cause__ is None else type(error.__cause__).__qualname__,
        "stack": "".join(traceback.format_tb(error.__traceback__)),
    }
