"""The handlers of the functions that a schedule calls. They do not read the event: the time decides what to do."""

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
"""After this the sweeper leaves the rest to the next sweep, so it has time to report (template.yaml)."""

ORPHANED_JOBS_BUDGET_S: Final = 15
"""The part of it for jobs: each takes long while Step Functions or Lambda do not respond, and money must not wait."""

ScheduledHandler = Callable[[dict[str, Any], Any], dict[str, Any]]

# A log line may have 256 KB. After a long outage more holds are swept than fit; the ledger has them all.
_MAX_NAMED: Final = 100


def sweeps(sweeper: Sweeper, orphaned_jobs: OrphanedJobs, archived: ArchivedProjects) -> ScheduledHandler:
    """The sweeper's handler: what archived projects left, orphaned and cancelled jobs, and expired holds."""

    def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        deadline = Deadline.after(SWEEP_BUDGET_S)
        time_for_jobs = Deadline.after(ORPHANED_JOBS_BUDGET_S)
        failures = archived.end_them(late=lambda: time_for_jobs.passed)
        orphaned = orphaned_jobs.end_them(late=lambda: time_for_jobs.passed)
        orphaned.failures += [(None, error) for error in failures]
        report = sweeper.sweep(late=lambda: deadline.passed)
        counts = {
            "released": report.count("released"),
            "swept": report.count("swept"),
            "abandoned": report.count("abandoned"),
            "interrupted": len(orphaned.ended),
            "cancelled": len(orphaned.cancelled),
            # Running out of time is a failure, too: if it continues, money stays held.
            "failed": len(report.failures) + len(orphaned.failures) + (report.left > 0) + (orphaned.left > 0),
        }
        if any(counts.values()):
            _report(report, orphaned, counts)
        return {"keys": report.keys, "left": report.left, "running": report.running, **counts}

    return handler


def rolls_up(rollup: Rollup, alerts: SpendAlerts) -> ScheduledHandler:
    """The roll-up's handler: adds up usage, and reports keys that have spent most of their budget."""

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
        _report_spending(alerts.new(report.key_ids))
        return fields

    return handler


def _report_spending(alerts: Collection[SpendAlert]) -> None:
    """Log a line for each key, and count the metric that an alarm watches."""
    for alert in alerts:
        logger().warning("most of a budget is spent", extra=asdict(alert))
    if alerts:
        count(BudgetsNearlySpent=len(alerts))


def _report(report: SweepReport, orphaned: OrphanedJobsReport, counts: dict[str, int]) -> None:
    """Log one line for the sweep and one for each failure, and count the metrics that alarms watch."""
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
    jobs = [job.id for job in (*orphaned.ended, *orphaned.cancelled)[:_MAX_NAMED]]
    checked = {"keys": report.keys, "left": report.left, "running": report.running, "jobs_left": orphaned.left}
    logger().warning("swept", extra={**counts, **checked, "holds": holds, "jobs": jobs})
    for failure in report.failures[:_MAX_NAMED]:
        logger().error("not swept", extra={"key_id": failure.key_id, **_described(failure.error)})
    for job_id, error in orphaned.failures[:_MAX_NAMED]:
        logger().error("not swept", extra={"job_id": job_id, **_described(error)})
    count(
        HoldsReleased=counts["released"],
        HoldsSwept=counts["swept"],
        HoldsAbandoned=counts["abandoned"],
        JobsInterrupted=counts["interrupted"],
        SweepFailures=counts["failed"],
    )


def _described(error: Exception) -> dict[str, Any]:
    """Where a failure came from. The message of an unknown exception may quote data that must not be logged."""
    return {
        "error": type(error).__qualname__,
        "cause": None if error.__cause__ is None else type(error.__cause__).__qualname__,
        "stack": "".join(traceback.format_tb(error.__traceback__)),
    }
