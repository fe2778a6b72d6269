"""Making a job of a request: what it asks for is kept, its price is held where it is known, its work begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import GatewayError
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job import JOB_KEPT_SECONDS, Job, new_job_id
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.account import Caller, Window
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
    announce: Callable[[Job, Mapping[str, Window]], None] = lambda _job, _windows: None,
) -> Job:
    """Begin a job; it is queued. `audio` came with the request, `duration_ms` is its length if that was measured.

    Its price is held at once where it is known: for text, and for audio that was measured. `job_id` is given where the
    caller's request has one already. `announce` is told of the job before there is anything of it, and of what is left
    of the key's minute, if the price was held; what it raises is raised.

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
        amount = duration_ms or 0
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
    windows: Mapping[str, Window] = {}
    if amount:
        hold = new_hold(job.id, caller, job.endpoint, able, amount, now_ms)
        windows = desk.till.meter.admit(caller, hold.work, at_ms=now_ms).windows
        job = replace(job, hold=hold)
    try:
        announce(job, windows)
        desk.store.create(job)  # before its files: what breaks off from here on is found and ended (lost_jobs.py)
        if audio is not None:
            # By what the write answers: a function that is given files need not be able to read those of jobs.
            order = replace(order, source=desk.files.put(job, "source", audio))
        keep_order(desk.files, job, order)
        desk.executions.start(job)
    except GatewayError:
        _take_back(job, desk)
        raise
    return job


def _take_back(job: Job, desk: JobDesk) -> None:
    """Undo what there is of a job that could not be begun. What cannot be undone now is found and ended later."""
    released = job.hold is None
    with suppress(GatewayError):
        if job.hold is not None:
            desk.till.meter.release(job.hold)
        released = True
    with suppress(GatewayError):
        ended = desk.store.finish(job, "cancelled", at_ms=desk.now_ms())
        desk.files.remove(job)
        if released:
            desk.store.delete(ended or job)
            desk.store.close(job.id)
