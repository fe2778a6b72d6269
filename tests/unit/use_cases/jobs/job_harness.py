"""The steps of a job in one process, over fakes, run in the state machine's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderError
from audio_gateway.jobs.job import Job, JobError, JobRef
from audio_gateway.jobs.plan import MOST_LANES
from audio_gateway.metering.account import Payer
from audio_gateway.providers.port import AudioChunk, SynthesisCall, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.transcripts.codec import from_bytes
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.jobs.billing import JobBilling
from audio_gateway.use_cases.jobs.cancel import JobStopping, cancel_job, delete_job
from audio_gateway.use_cases.jobs.chunk import ChunkWork, work_on_chunks
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, JobEnding, fail_job, merge_job, result_of
from audio_gateway.use_cases.jobs.prepare import Preparation, prepare_job
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, JobStarting
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests import tones
from tests.fakes.jobs import (
    KillSwitch,
    MemoryBilling,
    MemoryExecutions,
    MemoryFiles,
    MemoryLedger,
    MemoryStore,
    start_now,
)
from tests.fakes.providers import catalog, model, with_options
from tests.sound import wav

NOW_MS = 1_796_083_140_000
CALLER = Payer("key_1", "default")
WORDS = tones.talk(60, gaps_ms=tones.natural_gaps())
END_MS = WORDS[-1].end_ms + 40
AUDIO = wav(b"".join(tones.sound(WORDS, end_ms=END_MS)), tones.RATE, 1)
SHORT = wav(b"".join(tones.sound(WORDS[:36], end_ms=WORDS[36].start_ms)), tones.RATE, 1)
"""The beginning of it, in three parts."""
LISTENER = model("listener", chunk_seconds=4.0, chunk_concurrency=2)
SPEAKER = model("speaker", max_characters=20, chunk_concurrency=2, formats=("pcm",))
TEXT = "One sentence here. " * 6


@dataclass
class ToneProvider:
    """Hears tones, and speaks 10 ms for each character. `fails` returns the error for a chunk's number."""

    fails: Callable[[int], ProviderError | None] = lambda _number: None
    asked: list[Any] = field(default_factory=list)

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        self._ask(request)
        pcm = b"".join(decode_pcm(request.audio.data, tones.RATE))
        yield TranscriptDone(tones.transcript(pcm, words=request.want_words, segments=request.want_segments))

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        self._ask(request)
        for _ in request.text:
            yield AudioChunk(b"\x01\x00" * 240, "pcm", 24_000)

    def _ask(self, request: Any) -> None:
        self.asked.append(request)
        error = self.fails(int(request.request_id.rpartition("_")[2]))
        if error is not None:
            raise error


class JobHarness:
    """Everything that the steps need. `kill_switch` kills the process that runs one."""

    def __init__(self, *models: Model) -> None:
        self.kill_switch = KillSwitch()
        self.files, self.store, self.accounts = (
            MemoryFiles(self.kill_switch),
            MemoryStore(self.kill_switch),
            MemoryBilling(self.kill_switch),
        )
        self.ledger = MemoryLedger(self.kill_switch)
        self.executions, self.provider = MemoryExecutions(), ToneProvider()
        self.catalog: Catalog = catalog(*(models or (LISTENER, SPEAKER)))
        self.now_ms = NOW_MS
        self.published: list[Job] = []
        self.to_end: list[str] = []  # the jobs that the function that ends jobs was called for
        billing = JobBilling(self.accounts, self.accounts)
        store = cast("Any", self.store)
        self.job_service = JobService(store, self.files, cast("Any", self.executions), billing, self.clock)
        self.preparation = Preparation(
            store, self.files, billing, self.catalog, self.providers, self.fetch, self.clock, MOST_LANES
        )
        self.chunk_work = ChunkWork(store, self.files, self.catalog, self.providers, self.ledger, self.clock)
        self.ending = JobEnding(
            store, self.files, billing, self.ledger, self.catalog, self.published.append, self.clock
        )
        self.stopping = JobStopping(self.job_service, lambda: self.catalog, self.ask_to_end, self.published.append)

    def clock(self) -> int:
        self.now_ms += 1
        return self.now_ms

    def providers(self, _provider: Any) -> ToneProvider:
        return self.provider

    def fetch(self, job: JobRef, url: str, _watched: Any) -> Any:
        raise AssertionError((job, url))

    def ask_to_end(self, job: JobRef) -> None:
        assert job.project_id == "default"
        self.to_end.append(job.id)
        self.kill_switch.written()

    # ------------------------------------------------------------ steps

    def start(self, job_request: JobRequest[Any], audio: bytes | None = None, **options: Any) -> Job:
        deps = JobStarting(self.job_service, self.catalog, self.providers)
        return start_now(job_request, CALLER, deps, audio, **options)

    def listen(self, model_id: str = "listener", audio: bytes = AUDIO, **options: Any) -> Job:
        return self.start(JobRequest(with_options(TranscriptionRequest(model_id, b""), **options)), audio)

    def speak(self, text: str = TEXT, model_id: str = "speaker", **options: Any) -> Job:
        return self.start(JobRequest(SpeechRequest(model_id, text, "alloy", options.pop("format", "pcm"), **options)))

    def prepare(self, job: Job) -> list[int]:
        lanes = prepare_job(job.ref, Deadline.after(60), deps=self.preparation).lanes
        return sorted(number for lane in lanes for number in lane)

    def chunk(self, job: Job, number: int) -> None:
        work_on_chunks(job.ref, number, Deadline.after(60), deps=self.chunk_work)

    def merge(self, job: Job, *, seconds: float = 60) -> None:
        merge_job(job.ref, Deadline.after(seconds), deps=self.ending)

    def fail(self, job: Job, error: JobError, *, seconds: float = 60) -> None:
        fail_job(job.ref, error, Deadline.after(seconds), deps=self.ending)

    def cancel(self, job: Job) -> Job:
        return cancel_job(self.now(job), deps=self.stopping)

    def delete(self, job: Job) -> None:
        delete_job(self.now(job), deps=self.stopping)

    def end_what_was_asked_for(self) -> None:
        """Do what the function that ends jobs does when it is called outside the state machine."""
        while self.to_end:
            fail_job(JobRef("default", self.to_end.pop(0)), INTERRUPTED, Deadline.after(60), deps=self.ending)

    def run(self, job: Job) -> Job:
        """Run all steps as the state machine does; a failed chunk is not tried again."""
        for number in self.prepare(job):
            try:
                self.chunk(job, number)
            except ProviderError as error:
                stored = {"message": error.message, "code": error.code, "status": 400, "kind": "x"}
                self.files.put_json(job.ref, f"failed/{number}", stored)
        self.merge(job)
        return self.now(job)

    # ------------------------------------------------------------ what exists

    def now(self, job: Job) -> Job:
        return self.store.kept[job.id]

    def transcript(self, job: Job) -> Transcript:
        data = self.files.get(job.ref, result_of(self.now(job)))
        assert data is not None
        return from_bytes(data)

    def heard(self, job: Job) -> list[str]:
        return [word.text for word in self.transcript(job).words or ()]


SAID = [word.text for word in WORDS]
