"""A job's last step: one result of what came of its chunks, or of as many as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from audio_gateway.audio.formats import CONTENT_TYPES
from audio_gateway.audio.silence import RATE
from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import Deadline
from audio_gateway.errors import StorageUnavailable, WorkTooLong
from audio_gateway.jobs.job import Job, JobError
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import Piece, Plan
from audio_gateway.transcripts.merge import ChunkTranscript, merge
from audio_gateway.transcripts.stored import from_bytes, to_bytes
from audio_gateway.use_cases.chunk_job import done, part
from audio_gateway.use_cases.job_money import JobTill, settle, work_done
from audio_gateway.use_cases.job_order import JobOrder, order_of
from audio_gateway.use_cases.prepare_job import plan_of
from audio_gateway.use_cases.speech import SpeechOrder

RESULT: Final = "result"
"""The file with the result: a transcript (`transcripts.stored`), or speech in the format that was asked for."""

Notify = Callable[[Job], None]
"""Tells whoever wants to know that a job is over. It may be told more than once of the same one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What the steps that end jobs work with. `now_ms` is the clock in unix milliseconds."""

    store: JobStore
    files: JobFiles
    till: JobTill
    catalog: Catalog
    notify: Notify
    now_ms: Callable[[], int]


def merge_job(project_id: str, job_id: str, deadline: Deadline, *, using: Ending) -> None:
    """Make the result, end the job and settle it: succeeded, or failed with a partial result. Safe to repeat.

    Raises:
        StorageUnavailable, MeteringUnavailable: worth another try.
        WorkTooLong: the file of so much speech is not made in time.
    """
    _end(project_id, job_id, None, deadline, using)


def fail_job(project_id: str, job_id: str, error: JobError, deadline: Deadline, *, using: Ending) -> None:
    """End a job whose work broke off, with what there is of its result, and settle it. Safe to repeat.

    `error` is why, where no chunk is to blame. Work that was interrupted when all chunks were done has succeeded.
    Raises `StorageUnavailable` or `MeteringUnavailable`: worth another try.
    """
    _end(project_id, job_id, error, deadline, using)


def _end(project_id: str, job_id: str, error: JobError | None, deadline: Deadline, using: Ending) -> None:
    job = using.store.get(project_id, job_id, using.now_ms() // 1000)
    if job is not None:
        ended = job if job.is_final else _ended(job, error, deadline, using)
        settle(ended, till=using.till)
        if ended.status == "cancelled":
            using.files.remove(ended)  # what was written while it was being cancelled
        using.notify(ended)
    using.store.close(job_id)  # last: until then, whoever finds its work stopped has this done again


def _ended(job: Job, error: JobError | None, deadline: Deadline, using: Ending) -> Job:
    plan = plan_of(using.files, job)
    found = {} if plan is None else _done(job, plan, using.files)
    usable = _leading(found) if job.endpoint == "speech" else found
    succeeds = plan is not None and len(found) == len(plan.pieces) and error in (None, INTERRUPTED)
    work, made = None, False
    if plan is not None and (usable or succeeds) and _is_made(job, plan, usable, error, deadline, using):
        work = work_done(job, _served(plan, usable), _own(plan), amount=plan.amount, catalog=using.catalog)
        made = True
    if made and succeeds:
        return using.store.finish(job, "succeeded", at_ms=using.now_ms(), work=work)
    reason = _reason(job, plan, found, error, using.files)
    if made:
        reason = replace(reason, message=f"{reason.message} The rest is kept as a partial result.")
    return using.store.finish(job, "failed", at_ms=using.now_ms(), work=work, error=reason, partial=made)


def _is_made(
    job: Job, plan: Plan, usable: Mapping[int, Any], error: JobError | None, deadline: Deadline, using: Ending
) -> bool:
    """Make the result. False if it is the result itself that cannot be made, of a job that is ended for an error."""
    try:
        _write_result(job, order_of(using.files, job), plan, usable, deadline, using.files)
    except StorageUnavailable:
        raise
    except Exception:
        if error is None:
            raise
        return False
    return True


def _done(job: Job, plan: Plan, files: JobFiles) -> dict[int, Any]:
    """What is known of each chunk that was done, by its number."""
    each = ((number, files.get_json(job, done(number))) for number in range(len(plan.pieces)))
    return {number: about for number, about in each if about is not None}


def _leading(found: Mapping[int, Any]) -> dict[int, Any]:
    """Of speech, what can be listened to: from the beginning up to the first part that is missing."""
    count = next(number for number in range(len(found) + 1) if number not in found)
    return {number: found[number] for number in range(count)}


def _served(plan: Plan, found: Mapping[int, Any]) -> dict[str, int]:
    """How much each model has done, in the unit of the plan's places."""
    served: dict[str, int] = {}
    for number, about in found.items():
        served[about["model"]] = served.get(about["model"], 0) + plan.pieces[number].own
    return served


def _own(plan: Plan) -> int:
    return sum(piece.own for piece in plan.pieces)


def _write_result(
    job: Job, order: JobOrder, plan: Plan, found: Mapping[int, Any], deadline: Deadline, files: JobFiles
) -> None:
    what = order.what
    if isinstance(what, SpeechOrder):
        from audio_gateway.audio.join import SpokenPart, join

        parts = (SpokenPart(files.read(job, part(number))) for number in sorted(found))
        samples = sum(about["size"] for about in found.values())
        audio = join(parts, format=what.format, samples=samples)
        files.put_stream(job, RESULT, deadline.keep(audio, _too_long()), CONTENT_TYPES[what.format])
        return
    heard = _heard(job, plan, found, files)
    names = [speaker.name for speaker in what.known_speakers]
    files.put(job, RESULT, to_bytes(merge(heard, duration_ms=plan.amount, known_speakers=names)))


def _too_long() -> WorkTooLong:
    message = (
        "The speech is too long: it could not be made into one file in the 15 minutes that there are. "
        "Ask for 'flac' or 'wav', which are quick to make, or send the text in parts."
    )
    return WorkTooLong(message, param="input")


def _heard(job: Job, plan: Plan, found: Mapping[int, Any], files: JobFiles) -> Iterator[ChunkTranscript]:
    for number in sorted(found):
        data = files.get(job, part(number))
        if data is None:
            raise files_gone()
        piece = plan.pieces[number]
        yield ChunkTranscript(piece.start, piece.end, from_bytes(data))


def _reason(job: Job, plan: Plan | None, found: Mapping[int, Any], error: JobError | None, files: JobFiles) -> JobError:
    """Why the job failed: the first chunk that did, with its place; or `error` where none is to blame."""
    if plan is None or error == INTERRUPTED:  # when a chunk that had failed would have been tried again
        return error or UNKNOWN
    missing = [number for number in range(len(plan.pieces)) if number not in found]
    told = ((number, files.get_json(job, f"failed/{plan.task_of(number)}")) for number in missing)
    number, kept = next(((number, kept) for number, kept in told if kept is not None), (-1, None))
    if kept is None:
        if error is not None or not missing:
            return error or UNKNOWN
        number = missing[0]
    cause = JobError(**kept) if kept is not None else UNKNOWN
    place = _place(job, plan.pieces[number])
    more = "" if len(missing) == 1 else f" So it went for {len(missing)} of {len(plan.pieces)} parts."
    return replace(cause, message=f"{place} could not be done: {cause.message}{more}")


UNKNOWN: Final = JobError(
    message="The work broke off without a reason given.", code=None, status=500, kind="server_error"
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


def _place(job: Job, piece: Piece) -> str:
    if job.endpoint == "speech":
        return f"The text from character {piece.start} to {piece.end}"
    return f"The audio from {_clock(piece.start)} to {_clock(piece.end)}"


def _clock(samples: int) -> str:
    """A place in the recording as h:mm:ss, of samples at 16 kHz."""
    seconds = samples // RATE
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
