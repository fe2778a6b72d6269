"""A job's last step: one result of what came of its chunks, or of as many as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from audio_gateway.audio.formats import CONTENT_TYPES
from audio_gateway.audio.silence import CHUNK_SAMPLE_RATE
from audio_gateway.audio.timeline import Timeline
from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import Deadline
from audio_gateway.errors import StorageUnavailable, WorkTooLong
from audio_gateway.jobs.job import Job, JobError, job_named
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import ChunkSpan, JobPlan
from audio_gateway.metering.ledger import failed_row
from audio_gateway.transcripts.codec import from_bytes, to_bytes
from audio_gateway.transcripts.merge import ChunkTranscript, merge
from audio_gateway.transcripts.recording_times import on_recording_timeline
from audio_gateway.use_cases.jobs.billing import JobBilling, LedgerWriter, settle, work_done
from audio_gateway.use_cases.jobs.chunk import done, part
from audio_gateway.use_cases.jobs.prepare import plan_of
from audio_gateway.use_cases.jobs.request import REQUEST_FILE, request_of
from audio_gateway.use_cases.speech import SpeechRequest

RESULT: Final = "result"
"""The file with the result: a transcript (`transcripts.stored`), or speech in the format that was asked for."""
PARTIAL: Final = "partial"
"""The same of a cancelled job."""

_MOST_NAMED: Final = 10  # stretches of the input in a message

PublishJobEnd = Callable[[Job], None]
"""Tells whoever wants to know that a job is over. It may be told more than once of the same one."""


@dataclass(frozen=True, slots=True)
class JobEnding:
    """What the steps that end jobs work with. `now_ms` is the clock in unix milliseconds."""

    store: JobStore
    files: JobFiles
    billing: JobBilling
    ledger: LedgerWriter
    catalog: Catalog
    publish: PublishJobEnd
    now_ms: Callable[[], int]


def merge_job(project_id: str, job_id: str, deadline: Deadline, *, deps: JobEnding) -> None:
    """Make the result, end the job and settle it: succeeded, or failed with a partial result. Safe to repeat.

    Raises:
        StorageUnavailable, MeteringUnavailable: worth another try.
        WorkTooLong: the file of so much speech is not made in time.
    """
    _end(project_id, job_id, None, deadline, deps)


def fail_job(project_id: str, job_id: str, error: JobError, deadline: Deadline, *, deps: JobEnding) -> None:
    """End a job whose work broke off, with what there is of its result, and settle it. Safe to repeat.

    `error` is why, where no chunk is to blame. A job all of whose chunks are done has succeeded, whatever broke off
    behind them. One that was cancelled gets its partial result.
    Raises `StorageUnavailable` or `MeteringUnavailable`: worth another try.
    """
    _end(project_id, job_id, error, deadline, deps)


def result_of(job: Job) -> str:
    """The name of the file with the result of a job that is over.

    That of a cancelled job has one of its own: a merge that was under way may write its result behind the cancel.
    """
    return PARTIAL if job.status == "cancelled" else RESULT


def _end(project_id: str, job_id: str, error: JobError | None, deadline: Deadline, deps: JobEnding) -> None:
    job = deps.store.get(project_id, job_id, deps.now_ms() // 1000)
    ended = job if job is None or job.is_final else _ended(job, error, deadline, deps)
    if ended is None:
        deps.files.remove(job_named(project_id, job_id))  # what was written while it was being deleted
    else:
        settle(ended, billing=deps.billing)
        _write_off_what_is_lost(ended, deps)
        if ended.status == "cancelled":
            _keep_what_is_paid(ended, deadline, deps)
        elif ended.status == "failed" and not ended.partial:
            deps.files.remove(ended)  # nobody can come to any of it
        deps.publish(ended)
    deps.store.close(job_id)  # last: until then, whoever finds its work stopped has this done again


def _ended(job: Job, error: JobError | None, deadline: Deadline, deps: JobEnding) -> Job | None:
    """End the job with what is counted of it; None if it was deleted meanwhile. Whoever came first has decided."""
    plan = plan_of(deps.files, job)
    at: Job | None = job
    while at is not None and not at.is_final:
        at = at if plan is None else _all_counted(at, plan, deps)
        if at is not None and not at.is_final:
            at = _decided(at, plan, error, deadline, deps)
    return at


def _all_counted(job: Job, plan: JobPlan, deps: JobEnding) -> Job | None:
    """The job with every chunk counted that is done: who did it may have died before it could say so."""
    counted = set(plan.counted(job.answered))
    for number in range(len(plan.pieces)):
        if number in counted:
            continue
        about = deps.files.get_json(job, done(number))
        if about is not None and deps.store.chunk_done(job, plan.done(number, about["model"], counted)):
            counted.add(number)
    return deps.store.get(job.project_id, job.id, deps.now_ms() // 1000)


def _decided(job: Job, plan: JobPlan | None, error: JobError | None, deadline: Deadline, deps: JobEnding) -> Job | None:
    """The job, ended with the chunks that it knows of; or still open, because another one was counted meanwhile."""
    there = [] if plan is None else plan.counted(job.answered)
    is_empty = plan is not None and not plan.pieces and error is None
    made = plan is not None and (bool(there) or is_empty) and _is_made(job, plan, there, error, deadline, deps)
    done = work_done(job, deps.catalog)
    work, lost = (done, None) if made else (None, done)
    if made and plan is not None and len(there) == len(plan.pieces):
        return deps.store.finish(job, "succeeded", at_ms=deps.now_ms(), work=work)
    reason = _reason(job, plan, there, error, deps.files)
    if made:
        reason = replace(reason, message=f"{reason.message} The rest is kept as a partial result.")
    unbilled = 0 if lost is None else lost.cost_microusd
    return deps.store.finish(
        job, "failed", at_ms=deps.now_ms(), work=work, error=reason, partial=made, unbilled_cost_microusd=unbilled
    )


def _is_made(
    job: Job, plan: JobPlan, there: Sequence[int], error: JobError | None, deadline: Deadline, deps: JobEnding
) -> bool:
    """Make the result. False if it is the result itself that cannot be made, of a job that is ended for an error."""
    try:
        _write_result(job, RESULT, plan, there, deadline, deps.files)
    except StorageUnavailable:
        raise
    except Exception:
        if error is None:
            raise
        return False
    return True


def _keep_what_is_paid(job: Job, deadline: Deadline, deps: JobEnding) -> None:
    """Of a cancelled job the chunks that it is charged for are made its partial result; all else is removed.

    Nothing is kept of one without its order: whoever deleted it has not come to the end.
    """
    kept = (REQUEST_FILE, PARTIAL) if job.partial and deps.files.has(job, REQUEST_FILE) else ()
    if kept and not deps.files.has(job, PARTIAL):
        plan = plan_of(deps.files, job)
        if plan is None:
            raise files_gone()
        _write_result(job, PARTIAL, plan, plan.counted(job.answered), deadline, deps.files)
    deps.files.remove(job, but=kept)


def _write_off_what_is_lost(job: Job, deps: JobEnding) -> None:
    """Write down what was done for a job of which nothing could be made. Safe to repeat."""
    unbilled_cost_of = work_done(job, deps.catalog) if job.status == "failed" and not job.partial else None
    if unbilled_cost_of is None or job.hold is None or job.completed_ms is None:
        return
    at_ms = job.hold.stamp(job.completed_ms)
    row = replace(failed_row(job.hold, unbilled_cost_of.model, unbilled_cost_of.cost_microusd), at_ms=at_ms)
    if row.cost_microusd:
        deps.ledger.put(row)


def _write_result(
    job: Job, name: str, plan: JobPlan, there: Sequence[int], deadline: Deadline, files: JobFiles
) -> None:
    """Make one file of what came of the chunks that are `there`, in their order."""
    order = request_of(files, job)
    if isinstance(order.what, SpeechRequest):
        from audio_gateway.audio.join import SpokenPart, join

        sizes = (_about(job, number, files)["size"] for number in there)
        parts = (SpokenPart(files.read(job, part(number))) for number in there)
        audio = join(parts, format=order.what.format, samples=sum(sizes))
        files.put_stream(job, name, deadline.keep(audio, _too_long()), CONTENT_TYPES[order.what.format])
        return
    heard = _heard(job, plan, there, files)
    names = [speaker.name for speaker in order.what.options.known_speakers]
    merged = merge(heard, duration_ms=plan.amount, known_speakers=names)
    files.put(job, name, to_bytes(on_recording_timeline(merged, Timeline(plan.jumps)) if plan.jumps else merged))


def _about(job: Job, number: int, files: JobFiles) -> Any:
    about = files.get_json(job, done(number))
    if about is None:
        raise files_gone()
    return about


def _too_long() -> WorkTooLong:
    message = (
        "The speech is too long: it could not be made into one file in the 15 minutes that there are. "
        "Ask for 'flac' or 'wav', which are quick to make, or send the text in parts."
    )
    return WorkTooLong(message, param="input")


def _heard(job: Job, plan: JobPlan, there: Sequence[int], files: JobFiles) -> Iterator[ChunkTranscript]:
    for number in there:
        data = files.get(job, part(number))
        if data is None:
            raise files_gone()
        piece = plan.pieces[number]
        yield ChunkTranscript(piece.start, piece.end, from_bytes(data))


def _reason(job: Job, plan: JobPlan | None, there: Sequence[int], error: JobError | None, files: JobFiles) -> JobError:
    """Why the job failed: the first chunk that did, with its place, and what else is missing; or `error`."""
    if plan is None or error == INTERRUPTED:  # when a chunk that had failed would have been tried again
        return error or UNKNOWN
    missing = sorted(set(range(len(plan.pieces))) - set(there))
    told = ((number, files.get_json(job, f"failed/{plan.task_of(number)}")) for number in missing)
    number, kept = next(((number, kept) for number, kept in told if kept is not None), (-1, None))
    if kept is None:
        if error is not None or not missing:
            return error or UNKNOWN
        number = missing[0]
    cause = JobError(**kept) if kept is not None else UNKNOWN
    message = f"{_place(job, plan.pieces[number])} could not be done: {_sentence(cause.message)}"
    if len(missing) > 1:
        message += f" {len(missing)} of {len(plan.pieces)} parts are missing: {_places(job, plan, missing)}."
    return replace(cause, message=message)


UNKNOWN: Final = JobError(
    message="The work stopped, and no reason was given.", code=None, status=500, kind="server_error"
)
"""What is said of a step that died: out of memory or of time, or killed."""
INTERRUPTED: Final = JobError(
    message="The work was stopped before it was done: by the operator, or by an outage.",
    code="job_interrupted",
    status=503,
    kind="service_unavailable_error",
    retry=False,
)
"""What is said of work that was stopped from outside. Clients do not begin it again by themselves: it may be meant."""


def _sentence(message: str) -> str:
    """A provider's own message may end without a full stop, and ours goes on behind it."""
    return message if message.endswith((".", "!", "?")) else f"{message}."


def _place(job: Job, piece: ChunkSpan) -> str:
    if job.endpoint == "speech":
        return f"The text from character {piece.start} to {piece.end}"
    return f"The audio from {_clock(piece.start)} to {_clock(piece.end)}"


def _places(job: Job, plan: JobPlan, missing: Sequence[int]) -> str:
    """The first stretches of the input that are missing."""
    stretches = list[list[int]]()
    for number in missing:
        if stretches and number == stretches[-1][1] + 1:
            stretches[-1][1] = number
        else:
            stretches.append([number, number])
    named = (f"{plan.pieces[first].start}-{plan.pieces[last].end}" for first, last in stretches[:_MOST_NAMED])
    if job.endpoint != "speech":
        named = (
            f"{_clock(plan.pieces[first].start)}-{_clock(plan.pieces[last].end)}"
            for first, last in stretches[:_MOST_NAMED]
        )
    return ", ".join(named) + (" and more" if len(stretches) > _MOST_NAMED else "")


def _clock(samples: int) -> str:
    """A place in the recording as h:mm:ss, of samples at 16 kHz."""
    seconds = samples // CHUNK_SAMPLE_RATE
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
