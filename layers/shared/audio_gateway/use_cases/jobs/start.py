"""Starting a job: hold its price, store its request, start its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import GatewayError
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job import JOB_KEPT_SECONDS, Job, new_job_id
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.account import Admission, Hold, Payer
from audio_gateway.use_cases.fallback import AdapterFactory
from audio_gateway.use_cases.jobs.billing import JobBilling, new_hold
from audio_gateway.use_cases.jobs.kinds.registry import kind_of
from audio_gateway.use_cases.jobs.request import JobRequest, keep_request


@dataclass(frozen=True, slots=True)
class JobService:
    """Where jobs are stored, paid for and worked on. `now_ms` is the clock in Unix milliseconds."""

    store: JobStore
    files: JobFiles
    executions: Executions
    billing: JobBilling
    now_ms: Callable[[], int]


@dataclass(frozen=True, slots=True)
class JobStarting:
    """What starting a job works with."""

    job_service: JobService
    catalog: Catalog
    providers: AdapterFactory


@dataclass(frozen=True, slots=True)
class AdmittedJob:
    """A job whose price is held, and of which nothing is stored yet."""

    job: Job
    job_request: JobRequest[Any]
    admission: Admission


@contextmanager
def admitted_job(
    job_request: JobRequest[Any],
    payer: Payer,
    *,
    deps: JobStarting,
    duration_ms: int | None = None,
    job_id: str | None = None,
) -> Iterator[AdmittedJob]:
    """Hold the price of a job for the block, which calls `start_job`. The job is undone if the block raises.

    The price is known for text, and for audio whose length was measured (`duration_ms`). The length of other audio is
    unknown, as a file of any size may hold one minute of sound: then the price of the shortest audio is held. That
    checks every limit of the key before anything is fetched, decoded or stored; the first step holds the rest.
    `job_id` is given where the caller's request already has one.

    Raises:
        UnknownModel, InvalidRequest: the models cannot do it, or not so much in one job.
        LimitReached, PermissionDenied, MeteringUnavailable: nothing is held.
    """
    request, kind, job_service = job_request.request, kind_of(job_request.endpoint), deps.job_service
    able = kind.able(request, deps)
    # Its id instead of an alias, which may be the name of another model before the job is done.
    job_request = replace(job_request, request=replace(request, model=able[0].id))
    amount = duration_ms or kind.least_amount(request)
    kind.check_amount(request, able[0], amount)
    now_ms = job_service.now_ms()
    job = Job(
        id=job_id or new_job_id(now_ms),
        project_id=payer.project_id,
        key_id=payer.key_id,
        endpoint=job_request.endpoint,
        model=able[0].id,
        status="queued",
        created_at=now_ms // 1000,
        expires_at=now_ms // 1000 + JOB_KEPT_SECONDS,
        upload_id=kind.upload_id(request),
    )
    work = new_hold(job.id, payer, job.endpoint, able, amount, now_ms).work
    admission = job_service.billing.meter.admit(payer, work, at_ms=now_ms)
    job = replace(job, hold=admission.hold)
    try:
        yield AdmittedJob(job, job_request, admission)
    except GatewayError:
        _undo(job, admission.hold, job_service)
        raise


def start_job(admitted: AdmittedJob, *, job_service: JobService, audio: bytes | None = None) -> None:
    """Store an admitted job and start its work; it is queued. `audio` came with the request.

    Raises `StorageUnavailable`.
    """
    job, job_request = admitted.job, admitted.job_request
    # Before its files: from here on, the sweeper finds a start that was interrupted, and ends the job (orphaned.py).
    job_service.store.create(job)
    if audio is not None:
        # The write returns the source: a function that receives files needs no right to read those of jobs.
        job_request = replace(job_request, source=job_service.files.put(job.ref, "source", audio))
    keep_request(job_service.files, job.ref, job_request)
    job_service.executions.start(job.ref)


def _undo(job: Job, hold: Hold, job_service: JobService) -> None:
    """Undo what exists of a job that could not be started. The sweeper ends what cannot be undone now."""
    released = False
    with suppress(GatewayError):
        job_service.billing.meter.release(hold)
        released = True
    with suppress(GatewayError):
        ended = job_service.store.finish(job, "cancelled", at_ms=job_service.now_ms())
        job_service.files.remove(job.ref)
        if released:
            job_service.store.delete(ended or job)
            job_service.store.close(job.id)
