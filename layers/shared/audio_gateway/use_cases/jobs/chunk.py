"""A job's second step, once for each task: a call of a provider for each of its chunks, and what came of it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from audio_gateway.audio.silence import CHUNK_SAMPLE_RATE
from audio_gateway.audio.source import AudioSource
from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderError, StorageUnavailable
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import ChunkSpan, JobPlan
from audio_gateway.metering.account import Payer
from audio_gateway.transcripts.codec import to_bytes
from audio_gateway.use_cases.fallback import AdapterFactory, FailedAttempt, OnFailure
from audio_gateway.use_cases.jobs.billing import LedgerWriter, write_off
from audio_gateway.use_cases.jobs.prepare import plan_of
from audio_gateway.use_cases.jobs.request import JobRequest, request_of
from audio_gateway.use_cases.reservation import RequestContext
from audio_gateway.use_cases.speech import SpeechRequest, able_to_speak, speak_part
from audio_gateway.use_cases.transcription import able_to_transcribe, transcribe_part
from audio_gateway.use_cases.transcription_request import TranscriptionRequest


@dataclass(frozen=True, slots=True)
class ChunkWork:
    """What the step works with. `now_ms` is the clock in unix milliseconds."""

    store: JobStore
    files: JobFiles
    catalog: Catalog
    providers: AdapterFactory
    ledger: LedgerWriter
    now_ms: Callable[[], int]


def work_on_chunks(
    project_id: str,
    job_id: str,
    task: int,
    deadline: Deadline,
    *,
    deps: ChunkWork,
    failed: list[FailedAttempt] | None = None,
) -> None:
    """Do the chunks of a task, unless they were done before or the job is over. Safe to repeat.

    Who failed on the way comes into `failed`.

    Raises:
        ProviderError: none of the models did one of them. Those behind it are not tried.
        StorageUnavailable: worth another try.
    """
    job = deps.store.get(project_id, job_id, deps.now_ms() // 1000)
    if job is None or job.is_final:
        return
    plan = plan_of(deps.files, job)
    if plan is None:
        raise files_gone()
    order = request_of(deps.files, job)
    context = RequestContext(job.id, Payer(job.key_id, job.project_id), deadline, [] if failed is None else failed)
    counted = set(plan.counted(job.answered))
    for number in plan.chunks_of(task):
        if number in counted:
            continue
        about = deps.files.get_json(job, done(number))  # of a try before this one that was cut off
        if about is None:
            about = _do(job, order, plan, number, replace(context, request_id=f"{job.id}_{number}"), deps)
        if not deps.store.chunk_done(job, plan.done(number, about["model"], counted)):
            _came_too_late(job, plan, number, about["model"], deps)
            return
        counted.add(number)


def done(number: int) -> str:
    """The file that says that a chunk is done: by which model, and how many samples of speech came of it."""
    return f"done/{number}"


def part(number: int) -> str:
    """The file with what came of a chunk."""
    return f"parts/{number}"


def _came_too_late(job: Job, plan: JobPlan, number: int, model_id: str, deps: ChunkWork) -> None:
    """The job was over before its chunk was counted: nobody pays for it, and nothing of it is kept.

    The end of the job has counted it for the key's account (`cost_under_way`).
    """
    model = deps.catalog.models.get(model_id)
    if model is not None:
        write_off(job, model, plan.amount_of(number), deps.now_ms(), deps.ledger)
    deps.files.discard(job, done(number), part(number))


def _do(
    job: Job, order: JobRequest, plan: JobPlan, number: int, context: RequestContext, deps: ChunkWork
) -> dict[str, Any]:
    """Have a chunk done and keep what came of it; what is told of it, which is written behind the part itself.

    What providers did in vain for it is written off.
    """
    chunk = deps.files.get(job, f"chunks/{number}")
    if chunk is None:
        raise files_gone()
    unbilled = list[Model]()

    def on_failure(model: Model, error: ProviderError) -> None:
        context.note(model, error)
        if error.worked:
            unbilled.append(model)

    try:
        if isinstance(order.what, SpeechRequest):
            what = replace(order.what, text=json.loads(chunk), format="pcm")
            model, made, size = _speak(what, context, deps, on_failure)
        else:
            model, made, size = _listen(replace(order.what, data=chunk), plan.pieces[number], context, deps, on_failure)
        about = {"model": model.id, "size": size}
        try:
            deps.files.put(job, part(number), made)
            deps.files.put_json(job, done(number), about)
        except StorageUnavailable:
            unbilled.append(model)
            raise
    finally:
        amount, now_ms = plan.amount_of(number), deps.now_ms()
        cost = sum(write_off(job, each, amount, now_ms, deps.ledger) for each in unbilled)
        if cost:
            with suppress(StorageUnavailable):  # the provider's error is what counts here
                deps.store.add_unbilled_cost(job, cost)
    return about


def _speak(
    order: SpeechRequest, context: RequestContext, deps: ChunkWork, on_failure: OnFailure
) -> tuple[Model, bytes, int]:
    """Who spoke, the samples, and how many they are."""
    able = able_to_speak(order, catalog=deps.catalog, providers=deps.providers)
    model, pcm = speak_part(order, context, able, deps.providers, on_failure)
    return model, pcm, len(pcm) // 2


def _listen(
    order: TranscriptionRequest, piece: ChunkSpan, context: RequestContext, deps: ChunkWork, on_failure: OnFailure
) -> tuple[Model, bytes, int]:
    """Who listened, the transcript, and how many samples were heard."""
    samples = piece.end - piece.start
    length_ms = -(-samples * 1000 // CHUNK_SAMPLE_RATE)
    audio = AudioSource(order.data, container="flac", duration_ms=length_ms, sample_rate=CHUNK_SAMPLE_RATE, channels=1)
    able = able_to_transcribe(order, catalog=deps.catalog)
    model, transcript = transcribe_part(order, context, audio, able, deps.providers, on_failure)
    return model, to_bytes(transcript), samples
