"""`make audit`: recomputes every aggregate and every account from the ledger, and prints the differences.

It checks the running local stack, or a deployed gateway (`make audit ARGS="--stack-name NAME"`). Reading needs
dynamodb:GetItem, BatchGetItem and Query; --rebuild also needs PutItem, UpdateItem and DeleteItem.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared"))

from audio_gateway.cli.command import command
from audio_gateway.cli.gateway import Gateway
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS
from audio_gateway.usage.audit import Audit, AuditReport
from audio_gateway.usage.rollup import Rollup

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Rebuild = Annotated[bool, typer.Option("--rebuild", help="First recompute all aggregates from the ledger.")]


def audit(gateway: Gateway, *, rebuild: Rebuild = False) -> None:
    """Recompute every aggregate and every account from the ledger, and print the differences.

    Exit code 1 if there is a difference. It can run while the gateway is in use.
    """
    where = gateway.target
    auditor = Audit(where.client, where.table, JobStore(where.client, where.table))
    if rebuild:
        _rebuild(gateway, auditor)
    report = auditor.run(gateway.directory.api_keys.all_ids())
    for found in report.differences:
        print(f"{found.subject}: {found.aggregated} recorded, {found.ledger} by the ledger")
    print(_summary(where.label, report))
    raise typer.Exit(1 if report.differences else 0)


def _rebuild(gateway: Gateway, auditor: Audit) -> None:
    where = gateway.target
    rollup = Rollup(where.client, where.table, AllowedLateness(hold_s=REQUEST_HOLD_SECONDS, sweep_s=60))
    for day_ms in auditor.days():
        report = rollup.rebuild(day_ms)
        while report.superseded:  # the gateway's own roll-up ran in between
            report = rollup.rebuild(day_ms)
        print(f"{datetime.fromtimestamp(day_ms / 1000, UTC):%Y-%m-%d}: {report.items} items written")


def _summary(called: str, report: AuditReport) -> str:
    closed = f"{report.hours} closed hours with {report.rows} rows"
    lines = [f"{called}: {report.accounts} accounts, {closed}, {len(report.differences)} differences"]
    if not report.hours:
        lines.append(
            "No hour is closed yet: the roll-up closes each one minutes after its end. Reports read the ledger."
        )
    if report.waiting:
        lines.append(f"{report.waiting} hours wait for the roll-up and were not checked; reports read the ledger.")
    if report.busy:
        lines.append(f"Not checked, because they changed all the time: {', '.join(report.busy)}")
    return "\n".join(lines)


command(app, "audit")(audit)

if __name__ == "__main__":
    app(prog_name="make audit")
