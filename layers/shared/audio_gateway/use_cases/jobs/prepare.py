"""A job's first step: read its input, cut it into chunks, and hold its whole price before any of them is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from audio_gateway.audio.content import StoredContent
from audio_gateway.audio.cut import cut
from audio_gateway.audio.recording import Recording
from audio_gateway.audio.silence import CHUNK_SAMPLE_RATE
from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import AudioTooLong, InvalidRequest, WorkTooLong
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import MOST_PIECES, ChunkSpan, JobPlan
from audio_gateway.metering.account import Payer
from audio_gateway.storage.objects import SourceFile
from audio_gateway.text.split import split
from audio_gateway.text.visible import is_visible
from audio_gateway.use_cases.audio_input import naming_field
from audio_gateway.use_cases.fallback import AdapterFactory
from audio_gateway.use_cases.jobs.billing import JobBilling, hold_price, new_hold
from audio_gateway.use_cases.jobs.parts import characters_of_a_part, cut_rule, too_many_parts
from audio_gateway.use_cases.jobs.request import JobRequest, request_of
from audio_gateway.use_cases.jobs.watch import JobIsOver, JobWatch
from audio_gateway.use_cases.speech import SpeechRequest, able_to_speak
from audio_gateway.use_cases.transcription import able_to_transcribe
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

Watched = Callable[[Iterable[bytes]], Iterator[bytes]]
"""The same pieces, as long as the job is open."""

Fetch = Callable[[Job, str, Watched], SourceFile]
"""Brings the audio at a URL into the job's files."""

LOOK_S: Final = 5.0
"""So often a job is looked at while it is prepared: a read unit at most, of a step that takes minutes then."""

_PLAN: Final = "plan.json"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What the step works with. `now_ms` is the clock in unix milliseconds.

    `most_lanes` is how many chunks of a job may be worked on at once, whatever the catalogue says.
    """

    store: JobStore
    files: JobFiles
    billing: JobBilling
    catalog: Catalog
    providers: AdapterFactory
    fetch: Fetch
    now_ms: Callable[[], int]
    most_lanes: int


def prepare_job(project_id: str, job_id: str, deadline: Deadline, *, deps: Preparation) -> list[list[int]]:
    """The numbers of the job's tasks, one list for each that is to be worked through at the same time.

    None at all if the job is over. Safe to repeat: chunks come out the same, and the price is held once.

    Raises:
        InvalidAudio, InvalidRequest, WorkTooLong: this input will never do.
        LimitReached, PermissionDenied: the whole price cannot be held.
        StorageUnavailable, MeteringUnavailable: worth another try.
    """
    job = deps.store.get(project_id, job_id, deps.now_ms() // 1000)
    if job is None or job.is_final:
        return []
    order = request_of(deps.files, job)
    able = _able(order, deps)
    kept = deps.files.get_json(job, _PLAN)
    with suppress(JobIsOver):
        plan = _new_plan(job, order, able[0], deadline, deps) if kept is None else JobPlan.from_json(kept)
        hold = new_hold(job.id, Payer(job.key_id, job.project_id), job.endpoint, able, plan.amount, deps.now_ms())
        job = hold_price(job, hold, store=deps.store, billing=deps.billing)
        if deps.store.begin(job, plan):
            return plan.lanes(min(able[0].chunk_concurrency, deps.most_lanes))
    ended = deps.store.get(project_id, job_id, deps.now_ms() // 1000)
    if ended is None or ended.work is None:
        # It was cancelled, or deleted, in the meantime: whoever did that may not have seen the hold, nor the chunks.
        if job.hold is not None:
            deps.billing.meter.release(job.hold)
        deps.files.remove(job)
    return []


def plan_of(files: JobFiles, job: Job) -> JobPlan | None:
    """The plan of a prepared job, None where that has not been done; raises `StorageUnavailable`."""
    kept = files.get_json(job, _PLAN)
    return None if kept is None else JobPlan.from_json(kept)


def _able(order: JobRequest, deps: Preparation) -> tuple[Model, ...]:
    if isinstance(order.what, SpeechRequest):
        return tuple(c.model for c in able_to_speak(order.what, catalog=deps.catalog, providers=deps.providers))
    return tuple(c.model for c in able_to_transcribe(order.what, catalog=deps.catalog))


def _new_plan(job: Job, order: JobRequest, model: Model, deadline: Deadline, deps: Preparation) -> JobPlan:
    watch = JobWatch(job, deps.store, deps.now_ms, LOOK_S)
    if isinstance(order.what, SpeechRequest):
        plan = _text_in_parts(job, order.what, model, watch, deps.files)
    else:
        plan = _audio_in_chunks(job, order, order.what, model, deadline=deadline, watch=watch, deps=deps)
    deps.files.put_json(job, _PLAN, plan.to_json())  # last: where it is, all chunks are
    return plan


def _text_in_parts(job: Job, order: SpeechRequest, model: Model, watch: JobWatch, files: JobFiles) -> JobPlan:
    pieces, at = list[ChunkSpan](), 0
    for part in watch.each(split(order.text, characters_of_a_part(model))):
        if is_visible(part):  # a stretch of blanks is nothing to say, and nothing to pay
            if len(pieces) == MOST_PIECES:
                raise too_many_parts(order, model)
            files.put_json(job, f"chunks/{len(pieces)}", part)
            pieces.append(ChunkSpan(at, at + len(part)))
        at += len(part)
    return JobPlan(sum(piece.own for piece in pieces), tuple(pieces))


def _audio_in_chunks(  # noqa: PLR0913 - what the step is about, and with what
    job: Job,
    order: JobRequest,
    what: TranscriptionRequest,
    model: Model,
    *,
    deadline: Deadline,
    watch: JobWatch,
    deps: Preparation,
) -> JobPlan:
    from audio_gateway.audio.encode import flac_file

    source = order.source
    if source is None:
        if order.url is None:
            raise InvalidRequest("There is no audio: neither a file nor a URL was given.", param="file")
        source = deps.fetch(job, order.url, watch.each)
    with naming_field("file"):
        recording = Recording(StoredContent(deps.files.reader(source)))
        pieces = list[ChunkSpan]()
        pcm = deadline.keep(watch.each(_read(recording, deadline)), _too_long())
        for chunk in cut(pcm, cut_rule(what, model)):
            if len(pieces) == MOST_PIECES:
                raise too_many_parts(what, model)
            deps.files.put(job, f"chunks/{len(pieces)}", flac_file((chunk.pcm,), CHUNK_SAMPLE_RATE))
            pieces.append(ChunkSpan(chunk.start, chunk.end, chunk.overlap))
    return JobPlan(recording.duration_ms, tuple(pieces), recording.timeline.jumps)


def _read(recording: Recording, deadline: Deadline) -> Iterator[bytes]:
    """The audio; raises `WorkTooLong` when the time is up, also while nothing of it can be decoded."""
    try:
        yield from recording.pcm(CHUNK_SAMPLE_RATE, out_of_time=lambda: deadline.passed)
    except AudioTooLong as error:
        raise _too_long() from error


def _too_long() -> WorkTooLong:
    message = "The audio is too long: it could not be read in the 15 minutes that there are. Send it in parts."
    return WorkTooLong(message)
