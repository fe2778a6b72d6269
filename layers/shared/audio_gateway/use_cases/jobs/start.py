"""Making a job of a request: its price is held, what it asks for is kept, its work begins."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from audio_gateway.audio.measure import MIN_MS
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import GatewayError
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job import JOB_KEPT_SECONDS, Job, new_job_id
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.account import Admission, Hold, Payer
from audio_gateway.use_cases.fallback import AdapterFactory
from audio_gateway.use_cases.jobs.billing import JobBilling, new_hold
from audio_gateway.use_cases.jobs.parts import check_amount
from audio_gateway.use_cases.jobs.request import JobRequest, keep_request
from audio_gateway.use_cases.speech import SpeechRequest, able_to_speak
from audio_gateway.use_cases.transcription import able_to_transcribe


@dataclass(frozen=True, slots=True)
class JobService:
    """Where jobs are kept, paid and worked on. `now_ms` is the clock in unix milliseconds."""

    store: JobStore
    files: JobFiles
    executions: Executions
    billing: JobBilling
    now_ms: Callable[[], int]


def start_job(  # noqa: PLR0913 - what a request may bring with it
    order: JobRequest,
    caller: Payer,
    *,
    job_service: JobService,
    catalog: Catalog,
    providers: AdapterFactory,
    audio: bytes | None = None,
    duration_ms: int | None = None,
    upload_id: str | None = None,
    job_id: str | None = None,
    publish: Callable[[Job, Admission], None] = lambda _job, _admission: None,
) -> Job:
    """Begin a job; it is queued. `audio` came with the request, `duration_ms` is its length if that was measured.

    Its price is held first: for text, and for audio that was measured. Of other audio only the least is known, however
    many bytes it has: one minute of sound may be in a file of any size. So the price of the shortest audio is held, by
    which every limit of the key is asked before anything is fetched, decoded or stored; the first step holds the rest.
    `job_id` is given where the caller's request has one already. `publish` is told of the job before there is anything
    of it, and of its admission; what it raises is raised.

    Raises:
        UnknownModel, InvalidRequest: the models cannot do it, or not as much of it at once; nothing is kept.
        LimitReached, PermissionDenied, MeteringUnavailable, StorageUnavailable: nothing is held or begun.
    """
    what = order.what
    if isinstance(what, SpeechRequest):
        able = tuple(c.model for c in able_to_speak(what, catalog=catalog, providers=providers))
        amount = len(what.text)
    else:
        able = tuple(c.model for c in able_to_transcribe(what, catalog=catalog))
        amount = duration_ms or MIN_MS
    check_amount(what, able[0], amount)
    now_ms = job_service.now_ms()
    job = Job(
        id=job_id or new_job_id(now_ms),
        project_id=caller.project_id,
        key_id=caller.key_id,
        endpoint=order.endpoint,
        model=what.model,
        status="queued",
        created_at=now_ms // 1000,
        expires_at=now_ms // 1000 + JOB_KEPT_SECONDS,
        upload_id=upload_id,
    )
    work = new_hold(job.id, caller, job.endpoint, able, amount, now_ms).work
    admission = job_service.billing.meter.admit(caller, work, at_ms=now_ms)
    job = replace(job, hold=admission.hold)
    try:
        publish(job, admission)
        job_service.store.create(
            job
        )  # before its files: what breaks off from here on is found and ended (lost_jobs.py)
        if audio is not None:
            # By what the write answers: a function that is given files need not be able to read those of jobs.
            order = replace(order, source=job_service.files.put(job, "source", audio))
        keep_request(job_service.files, job, order)
        job_service.executions.start(job)
    except GatewayError:
        _take_back(job, admission.hold, job_service)
        raise
    return job


def _take_back(job: Job, hold: Hold, job_service: JobService) -> None:
    """Undo what there is of a job that could not be begun. What cannot be undone now is found and ended later."""
    released = False
    with suppress(GatewayError):
        job_service.billing.meter.release(hold)
        released = True
    with suppress(GatewayError):
        ended = job_service.store.finish(job, "cancelled", at_ms=job_service.now_ms())
        job_service.files.remove(job)
        if released:
            job_service.store.delete(ended or job)
            job_service.store.close(job.id)
