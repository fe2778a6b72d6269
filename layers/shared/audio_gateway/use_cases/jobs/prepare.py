"""A job's first step: read its input, split it into chunks, and hold the whole price before any chunk is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.deadline import Deadline
from audio_gateway.jobs.job import Job, JobRef
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import MOST_PIECES, ChunkSpan, JobPlan
from audio_gateway.metering.account import Payer
from audio_gateway.storage.objects import ObjectReader, SourceFile
from audio_gateway.use_cases.fallback import AdapterFactory
from audio_gateway.use_cases.jobs.billing import JobBilling, hold_price, new_hold
from audio_gateway.use_cases.jobs.chunk_files import ChunkFiles
from audio_gateway.use_cases.jobs.kinds.kind import JobInput, JobKind
from audio_gateway.use_cases.jobs.kinds.registry import kind_of
from audio_gateway.use_cases.jobs.request import JobRequest, request_of
from audio_gateway.use_cases.jobs.watch import JobIsOver, JobWatch

Watched = Callable[[Iterable[bytes]], Iterator[bytes]]
"""Passes pieces on as long as the job is open."""

Fetch = Callable[[JobRef, str, Watched], SourceFile]
"""Fetches the audio at a URL into the job's files."""

WATCH_INTERVAL_S: Final = 5.0
"""How often a job's state is read while it is prepared: one read unit each, in a step that takes minutes."""

_PLAN: Final = "plan.json"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What the step works with. `now_ms` is the clock in Unix milliseconds.

    `most_lanes` limits how many chunks of a job are worked on at the same time, whatever the catalogue says.
    """

    store: JobStore
    files: JobFiles
    billing: JobBilling
    catalog: Catalog
    providers: AdapterFactory
    fetch: Fetch
    now_ms: Callable[[], int]
    most_lanes: int


@dataclass(frozen=True, slots=True)
class PreparedJob:
    """What is to be done for a job.

    `kind` is its kind's name, None if the job was deleted. `lanes` has the numbers of its tasks, one list for each
    lane; it is empty if the job is over.
    """

    kind: str | None
    lanes: list[list[int]]


def prepare_job(job_ref: JobRef, deadline: Deadline, *, deps: Preparation) -> PreparedJob:
    """Prepare a job, unless it is over.

    Safe to repeat: the chunks come out the same, and the price is held once.

    Raises:
        InvalidAudio, InvalidRequest, WorkTooLong: this input will never do.
        LimitReached, PermissionDenied: the whole price cannot be held.
        StorageUnavailable, MeteringUnavailable: worth another try.
    """
    job = deps.store.get(job_ref.project_id, job_ref.id, deps.now_ms() // 1000)
    if job is None:
        return PreparedJob(None, [])
    kind = kind_of(job.endpoint)
    return PreparedJob(kind.name, [] if job.is_final else _lanes(job, kind, deadline, deps))


def _lanes(job: Job, kind: JobKind[Any], deadline: Deadline, deps: Preparation) -> list[list[int]]:
    job_request = request_of(deps.files, job.ref)
    able = kind.able(job_request.request, deps)
    stored = deps.files.get_json(job.ref, _PLAN)
    with suppress(JobIsOver):
        plan = _new_plan(job, job_request, able[0], deadline, deps) if stored is None else JobPlan.from_json(stored)
        hold = new_hold(job.id, Payer(job.key_id, job.project_id), job.endpoint, able, plan.amount, deps.now_ms())
        job = hold_price(job, hold, store=deps.store, billing=deps.billing)
        if deps.store.start(job, plan):
            return plan.lanes(min(able[0].chunk_concurrency, deps.most_lanes))
    ended = deps.store.get(job.project_id, job.id, deps.now_ms() // 1000)
    if ended is None or ended.work is None:
        # It was cancelled or deleted in the meantime, by a process that may not have seen the hold or the chunks.
        if job.hold is not None:
            deps.billing.meter.release(job.hold)
        deps.files.remove(job.ref)
    return []


def plan_of(files: JobFiles, job: JobRef) -> JobPlan | None:
    """The plan of a job, None if it is not prepared yet. Raises `StorageUnavailable`."""
    stored = files.get_json(job, _PLAN)
    return None if stored is None else JobPlan.from_json(stored)


def _new_plan(job: Job, job_request: JobRequest[Any], model: Model, deadline: Deadline, deps: Preparation) -> JobPlan:
    watch = JobWatch(job, deps.store, deps.now_ms, WATCH_INTERVAL_S)
    request, kind = job_request.request, kind_of(job_request.endpoint)
    source = JobInput(_input_file(job, job_request, watch, deps), watch, deadline)
    split, files, spans = kind.split(request, model, source), ChunkFiles(deps.files, job.ref), list[ChunkSpan]()
    for number, chunk in enumerate(split.chunks()):
        if number == MOST_PIECES:
            raise kind.too_many_parts(request, model)
        files.put_input(number, chunk.data)
        spans.append(chunk.span)
    plan = split.plan(spans)
    deps.files.put_json(job.ref, _PLAN, plan.to_json())  # last: where it exists, all chunks do
    return plan


def _input_file(job: Job, job_request: JobRequest[Any], watch: JobWatch, deps: Preparation) -> ObjectReader | None:
    """The file that came with the request, or is at the URL that it names; None for a request without a file."""
    source = job_request.source
    if source is None and job_request.url is not None:
        source = deps.fetch(job.ref, job_request.url, watch.each)
    return None if source is None else deps.files.reader(source)
