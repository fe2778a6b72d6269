"""A job's money: held before anything is sent to a provider, and settled once, by the step that ends the job.

Every step may be interrupted anywhere, and be repeated by another process:

    admit     hold the price before the job exists, or the lowest possible price if the length is unknown
    correct   write the whole price into the job, then hold it in place of the lowest one; a repetition changes nothing
    end       decide the final state, the charge and the time of the end by one conditional write
    settle    write the pending settlement (S3), then the ledger row with that time; release; remove the former

The month of the hold pays, whenever the job ends. The sweeper completes what is not repeated, once the hold has expired
(metering/sweeper.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from audio_gateway.catalog.models import Catalog, Endpoint, Model
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, Job
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import MOST_LANES
from audio_gateway.metering.account import Hold, JobMeter, MeteredRequest, Payer
from audio_gateway.metering.ledger import LedgerRow, free_row
from audio_gateway.metering.pending_settlements import PendingSettlements
from audio_gateway.use_cases.reservation import named_by_caller, work_of


@dataclass(frozen=True, slots=True)
class JobBilling:
    """Holds and settles the money of jobs; `meter` holds for `JOB_HOLD_SECONDS`."""

    meter: JobMeter
    pending_settlements: PendingSettlements


class LedgerWriter(Protocol):
    """Writes ledger rows of unbilled work."""

    def put(self, row: LedgerRow) -> LedgerRow:
        """Write a row unless it exists. Raises `MeteringUnavailable`."""
        ...


def new_hold(job_id: str, caller: Payer, endpoint: Endpoint, able: tuple[Model, ...], amount: int, now_ms: int) -> Hold:
    """The hold of the highest price among the models; the first of them is the one that the caller named."""
    dearest = max((work_of(job_id, endpoint, model, amount) for model in able), key=lambda work: work.price_microusd)
    return Hold(caller, named_by_caller(dearest, able[0]), now_ms, now_ms // 1000 + JOB_HOLD_SECONDS)


def hold_price(job: Job, hold: Hold, *, store: JobStore, billing: JobBilling) -> Job:
    """Hold the whole price of a job, in place of what was held while its length was unknown.

    `hold` is the hold of its whole work, as of now. A larger hold stays. Returns the job with its hold.

    Raises:
        LimitReached, PermissionDenied, MeteringUnavailable: see `JobMeter.correct` and `Meter.admit`; no more is held
            than before.
        StorageUnavailable: the job cannot be written; a repetition finds what is held.
    """
    if job.hold is not None:
        enough = job.hold if job.hold.work.amount >= hold.work.amount else replace(job.hold, work=hold.work)
        if not store.record_hold(job, enough):
            return job  # over by now, and perhaps settled: nothing may be held again
        if billing.meter.correct(job.hold, enough):
            return replace(job, hold=enough)
        job = replace(job, hold=enough)
    # For a job of an earlier version, which held nothing before this step, or one whose hold was released.
    if store.record_hold(job, hold):
        billing.meter.admit(hold.caller, hold.work, at_ms=hold.admitted_ms)
    return replace(job, hold=hold)


def work_done(job: Job, catalog: Catalog) -> MeteredRequest | None:
    """What is charged for the counted chunks of a job, None for nothing.

    It never costs more than was held. Without line items if a model has left the catalogue, as its price cannot be
    computed again.
    """
    hold, served, whole, amount = job.hold, job.answered.served, job.whole_units, job.whole_amount
    if hold is None or not whole or not sum(served.values()):
        return None
    shares = {model_id: part * amount // whole for model_id, part in served.items()}
    if sum(served.values()) == whole:
        shares[next(iter(shares))] += amount - sum(shares.values())
    served_by = [_charge(hold, model_id, share, catalog) for model_id, share in shares.items()]
    cost = sum(each.cost_microusd for each in served_by)
    first = max(shares, key=lambda model_id: shares[model_id])
    price = min(sum(each.price_microusd for each in served_by), hold.work.price_microusd)
    items = tuple(item for each in served_by for item in each.items) if all(each.items for each in served_by) else ()
    amount = sum(shares.values())
    return replace(hold.work, model=first, amount=amount, price_microusd=price, cost_microusd=cost, items=items)


def settle(job: Job, *, billing: JobBilling) -> None:
    """Charge a job that is over, or release its hold. Safe to repeat. Raises `MeteringUnavailable`."""
    hold = job.hold
    if hold is None or job.completed_ms is None:
        return
    if job.work is None:
        billing.meter.release(hold, unbilled_cost_microusd=job.unbilled_cost_microusd)
        return
    at_ms = hold.stamp(job.completed_ms)
    billing.pending_settlements.keep(hold, job.work, at_ms)
    billing.meter.settle_at(hold, job.work, at_ms, unbilled_cost_microusd=job.unbilled_cost_microusd)
    billing.pending_settlements.forget(hold)


def write_off(job: Job, model: Model, amount: int, now_ms: int, ledger: LedgerWriter) -> int:
    """Record what a provider charges for work of which the caller gets nothing and pays nothing.

    `amount` is in characters or milliseconds of audio. Returns the cost in micro-dollars. A row that cannot be written
    is left out: it informs the operator, and no money depends on it.
    """
    work = work_of(f"{job.id}_{secrets.token_hex(6)}", job.endpoint, model, amount)
    payer = Payer(job.key_id, job.project_id)
    if work.cost_microusd:
        with suppress(MeteringUnavailable):
            ledger.put(free_row(Hold(payer, work, now_ms, 0), work.model, work.cost_microusd))
    return work.cost_microusd


def cost_under_way(job: Job, catalog: Callable[[], Catalog]) -> int:
    """An estimate of what providers charge for the tasks in progress of a job, in micro-dollars.

    Tasks in progress are not counted: it takes as many as may run at the same time, each at the average cost. Where a
    task has several chunks, this is too high, as only one of them is in progress.
    """
    hold, left = job.hold, job.total - job.completed
    if job.status != "running" or hold is None or left <= 0 or not hold.work.cost_microusd:
        return 0
    model = catalog().models.get(job.model)
    at_once = MOST_LANES if model is None else min(MOST_LANES, model.chunk_concurrency)
    return min(at_once, left) * -(-hold.work.cost_microusd // job.total)


def _charge(hold: Hold, model_id: str, amount: int, catalog: Catalog) -> MeteredRequest:
    """The charge for a part; a model that has left the catalogue costs its share of what was held."""
    model = catalog.models.get(model_id)
    if model is None:
        held = hold.work
        price, cost = (held.price_microusd * amount // held.amount, held.cost_microusd * amount // held.amount)
        return replace(held, amount=amount, price_microusd=price, cost_microusd=cost, items=())
    endpoint: Endpoint = hold.work.endpoint  # type: ignore[assignment] # written by `new_hold`
    return work_of(hold.work.request_id, endpoint, model, amount)
