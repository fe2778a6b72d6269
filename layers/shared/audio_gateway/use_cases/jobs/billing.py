"""A job's money: held before anything is sent to a provider, settled once, by whatever step comes to its end.

Every step may be repeated, or break off anywhere and be repeated by another process:

    admit     a hold is admitted before there is the job: of its price, or of the least one where its length is unknown
    correct   the whole price is written into the job, then held in place of the least one; a repetition changes nothing
    end       the job's final state, with what is charged and the moment, is decided by one conditional write
    settle    evidence (S3), the ledger row at that moment, the release, and the evidence is removed

The month of the hold pays, whenever the job ends. The sweeper finishes what nobody repeats, once the hold has expired
(metering/sweeper.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from audio_gateway.catalog.models import Catalog, Endpoint, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, Job
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import MOST_LANES
from audio_gateway.metering.account import Hold, JobMeter, MeteredRequest, Payer
from audio_gateway.metering.ledger import LedgerRow, failed_row
from audio_gateway.metering.pending_settlements import PendingSettlements
from audio_gateway.use_cases.reservation import RequestContext, work_of


@dataclass(frozen=True, slots=True)
class JobBilling:
    """Where the money of jobs is held and settled; `meter` holds for `JOB_HOLD_SECONDS`."""

    meter: JobMeter
    pending_settlements: PendingSettlements


class LedgerWriter(Protocol):
    """Where rows are written that nobody pays for."""

    def put(self, row: LedgerRow) -> LedgerRow:
        """Write a row unless it is there; raises `MeteringUnavailable`."""
        ...


def new_hold(job_id: str, caller: Payer, endpoint: Endpoint, able: tuple[Model, ...], amount: int, now_ms: int) -> Hold:
    """The hold of what the dearest of the models would cost; the first is the one that the caller named."""
    context = RequestContext(job_id, caller, Deadline.after(0))
    dearest = max((work_of(context, endpoint, model, amount) for model in able), key=lambda work: work.price_microusd)
    return Hold(caller, replace(dearest, model=able[0].id, items=()), now_ms, now_ms // 1000 + JOB_HOLD_SECONDS)


def hold_price(job: Job, hold: Hold, *, store: JobStore, billing: JobBilling) -> Job:
    """Hold the whole price of a job, in place of what was held when nobody knew its length; the job with its hold.

    `hold` is what its work takes, as of now. What is held for more than that stays.

    Raises:
        LimitReached, PermissionDenied, MeteringUnavailable: see `JobMeter.correct` and `Meter.admit`; no more is held
            than before.
        StorageUnavailable: the job cannot be written; what is held, a repetition finds.
    """
    if job.hold is not None:
        enough = job.hold if job.hold.work.amount >= hold.work.amount else replace(job.hold, work=hold.work)
        if not store.intend(job, enough):
            return job  # over by now, and settled perhaps: nothing must be held again
        if billing.meter.correct(job.hold, enough):
            return replace(job, hold=enough)
        job = replace(job, hold=enough)
    # Of a job that was begun when nothing was held before this step, or whose hold was given back.
    if store.intend(job, hold):
        billing.meter.admit(hold.caller, hold.work, at_ms=hold.admitted_ms)
    return replace(job, hold=hold)


def work_done(job: Job, catalog: Catalog) -> MeteredRequest | None:
    """What is charged for the chunks of a job that are counted; None where that is nothing.

    It never costs more than was held. A price by a model that has left the catalogue cannot be computed again: then
    there are no line items.
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
    """Charge a job that is over, or give its money back. Safe to repeat; raises `MeteringUnavailable`."""
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
    """Write down what a provider takes for work of which the caller of a job has nothing, and pays nothing.

    `amount` is characters or milliseconds of audio; answers the cost in micro-dollars. A row that cannot be written is
    left out: it is the operator's knowledge and nobody's money.
    """
    context = RequestContext(f"{job.id}_{secrets.token_hex(6)}", Payer(job.key_id, job.project_id), Deadline.after(0))
    work = work_of(context, job.endpoint, model, amount)
    if work.cost_microusd:
        with suppress(MeteringUnavailable):
            ledger.put(failed_row(Hold(context.caller, work, now_ms, 0), work.model, work.cost_microusd))
    return work.cost_microusd


def cost_under_way(job: Job, catalog: Callable[[], Catalog]) -> int:
    """What providers may take for the tasks of a job that are being worked on now, in micro-dollars.

    Nobody counts them while they are: as many as may be at once, of the average cost. Where a task has several chunks,
    of which one is worked on, it is more than they can take.
    """
    hold, left = job.hold, job.total - job.completed
    if job.status != "running" or hold is None or left <= 0 or not hold.work.cost_microusd:
        return 0
    model = catalog().models.get(job.model)
    at_once = MOST_LANES if model is None else min(MOST_LANES, model.chunk_concurrency)
    return min(at_once, left) * -(-hold.work.cost_microusd // job.total)


def _charge(hold: Hold, model_id: str, amount: int, catalog: Catalog) -> MeteredRequest:
    """Of a part; a model that has left the catalogue meanwhile costs its share of what was held."""
    model = catalog.models.get(model_id)
    if model is None:
        held = hold.work
        price, cost = (held.price_microusd * amount // held.amount, held.cost_microusd * amount // held.amount)
        return replace(held, amount=amount, price_microusd=price, cost_microusd=cost, items=())
    context = RequestContext(hold.work.request_id, hold.caller, Deadline.after(0))
    endpoint: Endpoint = hold.work.endpoint  # type: ignore[assignment] # written by `new_hold`
    return work_of(context, endpoint, model, amount)
