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
from audio_gateway.metering.account import Admission, Caller, Hold
from audio_gateway.use_cases.ask import Providers
from audio_gateway.use_cases.job_money import JobTill, new_hold
from audio_gateway.use_cases.job_order import JobOrder, keep_order
from audio_gateway.use_cases.job_parts import check_amount
from audio_gateway.use_cases.speech import SpeechOrder, able_to_speak
from audio_gateway.use_cases.transcription import able_to_listen


@dataclass(frozen=True, slots=True)
class JobDesk:
    """Where jobs are kept, paid and worked on. `now_ms` is the clock in unix milliseconds."""

    store: JobStore
    files: JobFiles
    executions: Executions
    till: JobTill
    now_ms: Callable[[], int]


def start_job(  # noqa: PLR0913 - what a request may bring with it
    order: JobOrder,
    caller: Caller,
    *,
    desk: JobDesk,
    catalog: Catalog,
    providers: Providers,
    audio: bytes | None = None,
    duration_ms: int | None = None,
    upload_id: str | None = None,
    job_id: str | None = None,
    announce: Callable[[Job, Admission], None] = lambda _job, _admission: None,
) -> Job:
    """Begin a job; it is queued. `audio` came with the request, `duration_ms` is its length if that was measured.

    Its price is held first: for text, and for audio that was measured. Of other audio only the least is known, however
    many bytes it has: one minute of sound may be in a file of any size. So the price of the shortest audio is held, by
    which every limit of the key is asked before anything is fetched, decoded or stored; the first step holds the rest.
    `job_id` is given where the caller's request has one already. `announce` is told of the job before there is anything
    of it, and of its admission; what it raises is raised.

    Raises:
        UnknownModel, InvalidRequest: the models cannot do it, or not as much of it at once; nothing is kept.
        LimitReached, PermissionDenied, MeteringUnavailable, StorageUnavailable: nothing is held or begun.
    """
    what = order.what
    if isinstance(what, SpeechOrder):
        able = tuple(c.model for c in able_to_speak(what, catalog=catalog, providers=providers))
        amount = len(what.text)
    else:
        able = tuple(c.model for c in able_to_listen(what, catalog=catalog))
        amount = duration_ms or MIN_MS
    check_amount(what, able[0], amount)
    now_ms = desk.now_ms()
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
    admission = desk.till.meter.admit(caller, work, at_ms=now_ms)
    job = replace(job, hold=admission.hold)
    try:
        announce(job, admission)
        desk.store.create(job)  # before its files: what breaks off from here on is found and ended (lost_jobs.py)
        if audio is not None:
            # By what the write answers: a function that is given files need not be able to read those of jobs.
            order = replace(order, source=desk.files.put(job, "source", audio))
        keep_order(desk.files, job, order)
        desk.executions.start(job)
    except GatewayError:
        _take_back(job, admission.hold, desk)
        raise
    return job


def _take_back(job: Job, hold: Hold, desk: JobDesk) -> None:
    """Undo what there is of a job that could not be begun. What cannot be undone now is found and ended later."""
    released = False
    with suppress(GatewayError):
        desk.till.meter.release(hold)
        released = True
    with suppress(GatewayError):
        ended = desk.store.finish(job, "cancelled", at_ms=desk.now_ms())
        desk.files.remove(job)
        if released:
            desk.store.delete(ended or job)
            desk.store.close(job.id)
