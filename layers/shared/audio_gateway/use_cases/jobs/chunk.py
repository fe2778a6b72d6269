"""A job's second step, once for each task: call a provider for each chunk of the task, and store the result."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderError, StorageUnavailable
from audio_gateway.jobs.job import Job, JobRef
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import JobPlan
from audio_gateway.metering.account import Payer
from audio_gateway.use_cases.fallback import AdapterFactory, FailedAttempt
from audio_gateway.use_cases.jobs.billing import LedgerWriter, write_off
from audio_gateway.use_cases.jobs.chunk_files import ChunkFiles, ChunkRecord
from audio_gateway.use_cases.jobs.kinds.kind import ChunkCall, InputChunk
from audio_gateway.use_cases.jobs.kinds.registry import kind_of
from audio_gateway.use_cases.jobs.prepare import plan_of
from audio_gateway.use_cases.jobs.request import JobRequest, request_of
from audio_gateway.use_cases.reservation import RequestContext


@dataclass(frozen=True, slots=True)
class ChunkWork:
    """What the step works with. `now_ms` is the clock in Unix milliseconds."""

    store: JobStore
    files: JobFiles
    catalog: Catalog
    providers: AdapterFactory
    ledger: LedgerWriter
    now_ms: Callable[[], int]


def work_on_chunks(
    job_ref: JobRef,
    task: int,
    deadline: Deadline,
    *,
    deps: ChunkWork,
    failed: list[FailedAttempt] | None = None,
) -> None:
    """Do the chunks of a task that are not done yet, unless the job is over. Safe to repeat.

    Appends to `failed` each model that failed.

    Raises:
        ProviderError: all models failed for a chunk. The chunks after it are not tried.
        StorageUnavailable: worth another try.
    """
    job = deps.store.get(job_ref.project_id, job_ref.id, deps.now_ms() // 1000)
    if job is None or job.is_final:
        return
    plan = plan_of(deps.files, job.ref)
    if plan is None:
        raise files_gone()
    job_request, files = request_of(deps.files, job.ref), ChunkFiles(deps.files, job.ref)
    context = RequestContext(job.id, Payer(job.key_id, job.project_id), deadline, [] if failed is None else failed)
    counted = set(plan.counted(job.answered))
    for number in plan.chunks_of(task):
        if number in counted:
            continue
        record = files.record(number)  # of an earlier try that was interrupted
        if record is None:
            record = _do(job, job_request, plan, number, replace(context, request_id=f"{job.id}_{number}"), deps)
        if not deps.store.count_chunk(job, plan.done(number, record.model, counted)):
            _came_too_late(job, plan, number, record.model, deps)
            return
        counted.add(number)


def _came_too_late(job: Job, plan: JobPlan, number: int, model_id: str, deps: ChunkWork) -> None:
    """Write off a chunk that was done too late to be counted, and remove its result.

    The end of the job has counted its cost for the key's account (`cost_under_way`).
    """
    model = deps.catalog.models.get(model_id)
    if model is not None:
        write_off(job, model, plan.amount_of(number), deps.now_ms(), deps.ledger)
    ChunkFiles(deps.files, job.ref).discard(number)


def _do(
    job: Job, job_request: JobRequest[Any], plan: JobPlan, number: int, context: RequestContext, deps: ChunkWork
) -> ChunkRecord:
    """Have a chunk done and store its result, then its record, which is returned.

    The cost of providers that worked on it without a result is written off.
    """
    files, kind = ChunkFiles(deps.files, job.ref), kind_of(job_request.endpoint)
    chunk = InputChunk(plan.pieces[number], files.input(number))
    unbilled = list[Model]()

    def on_failure(model: Model, error: ProviderError) -> None:
        context.note(model, error)
        if error.worked:
            unbilled.append(model)

    try:
        result = kind.work_on(job_request.request, chunk, ChunkCall(context, deps, on_failure))
        record = ChunkRecord(result.model.id, result.size)
        try:
            files.put_result(number, result.data, record)
        except StorageUnavailable:
            unbilled.append(result.model)
            raise
    finally:
        amount, now_ms = plan.amount_of(number), deps.now_ms()
        cost = sum(write_off(job, each, amount, now_ms, deps.ledger) for each in unbilled)
        if cost:
            with suppress(StorageUnavailable):  # the provider's error matters more
                deps.store.add_unbilled_cost(job, cost)
    return record
