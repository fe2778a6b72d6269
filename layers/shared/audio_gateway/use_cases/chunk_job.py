"""A job's second step, once for each task: a call of a provider for each of its chunks, and what came of it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from audio_gateway.audio.silence import RATE
from audio_gateway.audio.source import AudioSource
from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.deadline import Deadline
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import Piece
from audio_gateway.metering.account import Caller
from audio_gateway.transcripts.stored import to_bytes
from audio_gateway.use_cases.ask import Providers
from audio_gateway.use_cases.job_order import JobOrder, order_of
from audio_gateway.use_cases.prepare_job import plan_of
from audio_gateway.use_cases.reserve import Call
from audio_gateway.use_cases.speech import SpeechOrder, able_to_speak, speak_part
from audio_gateway.use_cases.transcription import TranscriptionOrder, able_to_listen, listen_to_part


@dataclass(frozen=True, slots=True)
class ChunkWork:
    """What the step works with. `now_ms` is the clock in unix milliseconds."""

    store: JobStore
    files: JobFiles
    catalog: Catalog
    providers: Providers
    now_ms: Callable[[], int]


def work_on_chunks(project_id: str, job_id: str, task: int, deadline: Deadline, *, using: ChunkWork) -> None:
    """Do the chunks of a task, unless they were done before or the job is over. Safe to repeat.

    Raises:
        ProviderError: none of the models did one of them. Those behind it are not tried.
        ConfigurationError: a provider's key cannot be read.
        StorageUnavailable: worth another try.
    """
    job = using.store.get(project_id, job_id, using.now_ms() // 1000)
    if job is None or job.is_final:
        return
    plan = plan_of(using.files, job)
    if plan is None:
        raise files_gone()
    order = order_of(using.files, job)
    for number in plan.chunks_of(task):
        if not using.files.has(job, done(number)):
            model, size = _do(job, order, plan.pieces[number], number, deadline, using)
            # Behind the part itself: where this is, all of the part is.
            using.files.put_json(job, done(number), {"model": model, "size": size})
    if not using.store.chunk_done(job, task) and _is_gone(job, using):
        using.files.remove(job)


def done(number: int) -> str:
    """The file that says that a chunk is done: by which model, and how many samples of speech came of it."""
    return f"done/{number}"


def part(number: int) -> str:
    """The file with what came of a chunk."""
    return f"parts/{number}"


def _is_gone(job: Job, using: ChunkWork) -> bool:
    """Whether nothing of the job is to be kept: it was cancelled or deleted while its chunk was worked on."""
    now = using.store.get(job.project_id, job.id, using.now_ms() // 1000)
    return now is None or now.status == "cancelled"


def _do(job: Job, order: JobOrder, piece: Piece, number: int, deadline: Deadline, using: ChunkWork) -> tuple[str, int]:
    chunk = using.files.get(job, f"chunks/{number}")
    if chunk is None:
        raise files_gone()
    call = Call(f"{job.id}_{number}", Caller(job.key_id, job.project_id), deadline)
    if isinstance(order.what, SpeechOrder):
        model, made, size = _speak(replace(order.what, text=json.loads(chunk), format="pcm"), call, using)
    else:
        model, made, size = _listen(replace(order.what, data=chunk), piece, call, using)
    using.files.put(job, part(number), made)
    return model.id, size


def _speak(order: SpeechOrder, call: Call, using: ChunkWork) -> tuple[Model, bytes, int]:
    """Who spoke, the samples, and how many they are."""
    able = able_to_speak(order, catalog=using.catalog, providers=using.providers)
    model, pcm = speak_part(order, call, able, using.providers)
    return model, pcm, len(pcm) // 2


def _listen(order: TranscriptionOrder, piece: Piece, call: Call, using: ChunkWork) -> tuple[Model, bytes, int]:
    """Who listened, the transcript, and how many samples were heard."""
    samples = piece.end - piece.start
    length_ms = -(-samples * 1000 // RATE)
    audio = AudioSource(order.data, container="flac", duration_ms=length_ms, sample_rate=RATE, channels=1)
    able = able_to_listen(order, catalog=using.catalog)
    model, transcript = listen_to_part(order, call, audio, able, using.providers)
    return model, to_bytes(transcript), samples
