"""The outcome of the work of a hold: from its job, or from a pending settlement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audio_gateway.metering.account import HeldJobs, Hold, MeteredRequest
from audio_gateway.metering.pending_settlements import PendingSettlements


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """`running`: the job goes on. `ended`: the charge is decided. `unknown`: neither a job nor a pending settlement.

    `at_ms` is the stamp of the row in Unix milliseconds; `work` what is charged, None for nothing. `may_be_pending`:
    there may be a pending settlement, to be removed. `unbilled_cost_microusd` is the unbilled cost of a job.
    """

    state: Literal["running", "ended", "unknown"]
    at_ms: int
    work: MeteredRequest | None = None
    may_be_pending: bool = True
    unbilled_cost_microusd: int = 0


class WorkOutcomes:
    """Reads the jobs, then the pending settlements: a job's own outcome decides."""

    def __init__(self, jobs: HeldJobs, pending_settlements: PendingSettlements) -> None:
        self._jobs = jobs
        self._pending_settlements = pending_settlements

    def of(self, hold: Hold) -> WorkOutcome:
        """The outcome of a hold; raises `MeteringUnavailable` or `StorageUnavailable` if it cannot be read now."""
        job = self._jobs.of_hold(hold) if hold.is_job else None
        if job is not None:
            if job.ended_ms is None:
                return WorkOutcome("running", hold.admitted_ms)
            return WorkOutcome(
                "ended", hold.stamp(job.ended_ms), job.work, unbilled_cost_microusd=job.unbilled_cost_microusd
            )
        pending = self._pending_settlements.find(hold)
        if pending is not None:
            return WorkOutcome("ended", pending.at_ms, pending.work)
        return WorkOutcome("unknown", hold.admitted_ms, may_be_pending=False)

    def forget(self, hold: Hold) -> None:
        """Remove the pending settlement of a hold that is settled. Safe to repeat; raises `MeteringUnavailable`."""
        self._pending_settlements.forget(hold)
