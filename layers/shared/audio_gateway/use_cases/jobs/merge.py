"""A job's last step: join the results of its chunks, or of those that are done, to one result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import Deadline
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job, JobError, JobRef
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import JobPlan
from audio_gateway.metering.ledger import free_row
from audio_gateway.use_cases.jobs.billing import JobBilling, LedgerWriter, settle, work_done
from audio_gateway.use_cases.jobs.chunk_files import ChunkFiles
from audio_gateway.use_cases.jobs.kinds.kind import ChunkResults, JobKind
from audio_gateway.use_cases.jobs.kinds.registry import kind_of
from audio_gateway.use_cases.jobs.prepare import plan_of
from audio_gateway.use_cases.jobs.request import REQUEST_FILE, request_of

RESULT: Final = "result"
"""The file with the result: a transcript (`transcripts.codec`), or speech in the format that was asked for."""
PARTIAL: Final = "partial"
"""The file with the partial result of a cancelled job."""

_MOST_NAMED: Final = 10  # stretches of the input in a message

PublishJobEnd = Callable[[Job], None]
"""Publishes that a job is over. It may be called more than once for the same job."""


@dataclass(frozen=True, slots=True)
class JobEnding:
    """What the steps that end jobs work with. `now_ms` is the clock in Unix milliseconds."""

    store: JobStore
    files: JobFiles
    billing: JobBilling
    ledger: LedgerWriter
    catalog: Catalog
    publish: PublishJobEnd
    now_ms: Callable[[], int]


def merge_job(job_ref: JobRef, deadline: Deadline, *, deps: JobEnding) -> None:
    """Make the result, end the job and settle it: succeeded, or failed with a partial result. Safe to repeat.

    Raises:
        StorageUnavailable, MeteringUnavailable: worth another try.
        WorkTooLong: the file with so much speech cannot be made in time.
    """
    _end(job_ref, None, deadline, deps)


def fail_job(job_ref: JobRef, error: JobError, deadline: Deadline, *, deps: JobEnding) -> None:
    """End a job whose work was interrupted, with the part of its result that exists, and settle it. Safe to repeat.

    `error` is the reason, if no chunk has one. A job with all chunks done has succeeded, whatever was interrupted after
    them. A cancelled job gets its partial result.

    Raises:
        StorageUnavailable, MeteringUnavailable: worth another try.
    """
    _end(job_ref, error, deadline, deps)


def result_of(job: Job) -> str:
    """The name of the file with the result of a job that is over.

    A cancelled job has a different one, because a merge in progress may still write its result after the cancel.
    """
    return PARTIAL if job.status == "cancelled" else RESULT


def _end(job_ref: JobRef, error: JobError | None, deadline: Deadline, deps: JobEnding) -> None:
    job = deps.store.get(job_ref.project_id, job_ref.id, deps.now_ms() // 1000)
    ended = job if job is None or job.is_final else _ended(job, error, deadline, deps)
    if ended is None:
        deps.files.remove(job_ref)  # files that were written while it was deleted
    else:
        settle(ended, billing=deps.billing)
        _write_off_lost_work(ended, deps)
        if ended.status == "cancelled":
            _keep_paid_work(ended, deadline, deps)
        elif ended.status == "failed" and not ended.partial:
            deps.files.remove(ended.ref)  # no caller can reach any of it
        deps.publish(ended)
    deps.store.close(job_ref.id)  # last: until then the sweeper has all of this repeated


def _ended(job: Job, error: JobError | None, deadline: Deadline, deps: JobEnding) -> Job | None:
    """End the job with its counted chunks; None if it was deleted meanwhile. The first end that is written counts."""
    plan = plan_of(deps.files, job.ref)
    now: Job | None = job
    while now is not None and not now.is_final:
        now = now if plan is None else _all_counted(now, plan, deps)
        if now is not None and not now.is_final:
            now = _decided(now, plan, error, deadline, deps)
    return now


def _all_counted(job: Job, plan: JobPlan, deps: JobEnding) -> Job | None:
    """The job with all done chunks counted: a process that did one may have died before it counted it."""
    counted = set(plan.counted(job.answered))
    for number in range(len(plan.pieces)):
        if number in counted:
            continue
        record = ChunkFiles(deps.files, job.ref).record(number)
        if record is not None and deps.store.count_chunk(job, plan.done(number, record.model, counted)):
            counted.add(number)
    return deps.store.get(job.project_id, job.id, deps.now_ms() // 1000)


def _decided(job: Job, plan: JobPlan | None, error: JobError | None, deadline: Deadline, deps: JobEnding) -> Job | None:
    """The job, ended with its counted chunks; still open if another chunk was counted meanwhile."""
    numbers = [] if plan is None else plan.counted(job.answered)
    is_empty = plan is not None and not plan.pieces and error is None
    made = plan is not None and (bool(numbers) or is_empty) and _make_result(job, plan, numbers, error, deadline, deps)
    done = work_done(job, deps.catalog)
    work, lost = (done, None) if made else (None, done)
    if made and plan is not None and len(numbers) == len(plan.pieces):
        return deps.store.finish(job, "succeeded", at_ms=deps.now_ms(), work=work)
    reason = _reason(job, plan, numbers, error, deps.files)
    if made:
        reason = replace(reason, message=f"{reason.message} The rest is kept as a partial result.")
    unbilled = 0 if lost is None else lost.cost_microusd
    return deps.store.finish(
        job, "failed", at_ms=deps.now_ms(), work=work, error=reason, partial=made, unbilled_cost_microusd=unbilled
    )


def _make_result(
    job: Job, plan: JobPlan, numbers: Sequence[int], error: JobError | None, deadline: Deadline, deps: JobEnding
) -> bool:
    """Make the result. False if that fails for a job which ends with an error anyway."""
    try:
        _write_result(job, RESULT, plan, numbers, deadline, deps.files)
    except StorageUnavailable:
        raise
    except Exception:
        if error is None:
            raise
        return False
    return True


def _keep_paid_work(job: Job, deadline: Deadline, deps: JobEnding) -> None:
    """Make the charged chunks of a cancelled job its partial result, and remove all other files.

    Nothing is kept of a job whose request no longer exists: it is being deleted.
    """
    kept = (REQUEST_FILE, PARTIAL) if job.partial and deps.files.has(job.ref, REQUEST_FILE) else ()
    if kept and not deps.files.has(job.ref, PARTIAL):
        plan = plan_of(deps.files, job.ref)
        if plan is None:
            raise files_gone()
        _write_result(job, PARTIAL, plan, plan.counted(job.answered), deadline, deps.files)
    deps.files.remove(job.ref, but=kept)


def _write_off_lost_work(job: Job, deps: JobEnding) -> None:
    """Record the cost of work on a job whose result could not be made. Safe to repeat."""
    unbilled = work_done(job, deps.catalog) if job.status == "failed" and not job.partial else None
    if unbilled is None or job.hold is None or job.completed_ms is None:
        return
    at_ms = job.hold.stamp(job.completed_ms)
    row = replace(free_row(job.hold, unbilled.model, unbilled.cost_microusd), at_ms=at_ms)
    if row.cost_microusd:
        deps.ledger.put(row)


def _write_result(
    job: Job, name: str, plan: JobPlan, numbers: Sequence[int], deadline: Deadline, files: JobFiles
) -> None:
    """Join the results of the chunks `numbers`, in their order, to one file."""
    job_request = request_of(files, job.ref)
    results = ChunkResults(ChunkFiles(files, job.ref), plan, numbers, deadline)
    kind_of(job_request.endpoint).write_result(job_request.request, results, name)


def _reason(
    job: Job, plan: JobPlan | None, numbers: Sequence[int], error: JobError | None, files: JobFiles
) -> JobError:
    """Why the job failed: the error of the first failed chunk, with its place and what else is missing, or `error`."""
    if plan is None or error == INTERRUPTED:  # a failed chunk would have been tried again
        return error or UNKNOWN
    missing = sorted(set(range(len(plan.pieces))) - set(numbers))
    errors = ((number, ChunkFiles(files, job.ref).error(plan.task_of(number))) for number in missing)
    number, cause = next(((number, cause) for number, cause in errors if cause is not None), (-1, None))
    if cause is None:
        if error is not None or not missing:
            return error or UNKNOWN
        number, cause = missing[0], UNKNOWN
    kind = kind_of(job.endpoint)
    message = f"{kind.place(plan.pieces[number])} could not be done: {_sentence(cause.message)}"
    if len(missing) > 1:
        places = _places(kind, plan, missing)
        message += f" {len(missing)} of {len(plan.pieces)} parts are missing: {places}."
    return replace(cause, message=message)


UNKNOWN: Final = JobError(message="The work stopped for an unknown reason.", code=None, status=500, kind="server_error")
"""The error of a step that died: it ran out of memory or time, or was killed."""
INTERRUPTED: Final = JobError(
    message="The work was stopped before it was done: by the operator, or by an outage.",
    code="job_interrupted",
    status=503,
    kind="service_unavailable_error",
    retry=False,
)
"""The error of work that was stopped from outside. Clients do not restart it themselves: it may be intended."""


def _sentence(message: str) -> str:
    """The message with a full stop, which a provider's own message may lack: more text follows it."""
    return message if message.endswith((".", "!", "?")) else f"{message}."


def _places(kind: JobKind[Any], plan: JobPlan, missing: Sequence[int]) -> str:
    """The first missing stretches of the input, as a list in a sentence."""
    stretches = list[list[int]]()
    for number in missing:
        if stretches and number == stretches[-1][1] + 1:
            stretches[-1][1] = number
        else:
            stretches.append([number, number])
    named = (
        kind.short_place(plan.pieces[first].start, plan.pieces[last].end) for first, last in stretches[:_MOST_NAMED]
    )
    return ", ".join(named) + (" and more" if len(stretches) > _MOST_NAMED else "")
