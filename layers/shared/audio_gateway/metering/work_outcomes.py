"""What became of the work of a hold, as far as anybody can tell: the job that it is held for, or evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audio_gateway.metering.account import HeldJobs, Hold, MeteredRequest
from audio_gateway.metering.pending_settlements import PendingSettlements


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """`running`: the job goes on. `ended`: it is known what is charged. `unknown`: nobody has said anything.

    `at_ms` is the stamp of the row in unix milliseconds; `work` what is charged, None for nothing. `evidence` may have
    been left, and is to be forgotten. `unbilled_cost_microusd` is what providers took for a job's parts for nothing.
    """

    state: Literal["running", "ended", "unknown"]
    at_ms: int
    work: MeteredRequest | None = None
    evidence: bool = True
    unbilled_cost_microusd: int = 0


class WorkOutcomes:
    """Asks the jobs, then the evidence: what a job says of itself is its last word."""

    def __init__(self, jobs: HeldJobs, pending_settlements: PendingSettlements) -> None:
        self._jobs = jobs
        self._pending_settlements = pending_settlements

    def of(self, hold: Hold) -> WorkOutcome:
        """What became of a hold; raises `MeteringUnavailable` or `StorageUnavailable` where that cannot be said now."""
        job = self._jobs.of_hold(hold) if hold.is_job else None
        if job is not None:
            if job.ended_ms is None:
                return WorkOutcome("running", hold.admitted_ms)
            return WorkOutcome(
                "ended", hold.stamp(job.ended_ms), job.work, unbilled_cost_microusd=job.unbilled_cost_microusd
            )
        evidence = self._pending_settlements.find(hold)
        if evidence is not None:
            return WorkOutcome("ended", evidence.at_ms, evidence.work)
        return WorkOutcome("unknown", hold.admitted_ms, evidence=False)

    def forget(self, hold: Hold) -> None:
        """Remove the evidence of a hold that is settled. Safe to repeat; raises `MeteringUnavailable`."""
        self._pending_settlements.forget(hold)
