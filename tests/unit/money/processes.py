"""What runs the gateway's code: processes, which remember something between two calls, and the provider they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.catalog.models import Price
from audio_gateway.errors import ProviderUnavailable
from audio_gateway.idempotency.answer_store import AnswerStore
from audio_gateway.idempotency.attempt_store import CallAttemptStore
from audio_gateway.idempotency.claim_store import ClaimStore
from audio_gateway.idempotency.idempotency import Idempotency
from audio_gateway.idempotency.payments import LedgerPayments
from audio_gateway.idempotency.repetition import Repetitions
from audio_gateway.identity.directory import Directory
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, Job, JobRef
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS, DynamoMeter
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.metering.pending_uploads import PendingUploads
from audio_gateway.metering.sweeper import Sweeper
from audio_gateway.metering.waiting_polls import WaitingPolls
from audio_gateway.metering.work_outcomes import WorkOutcomes
from audio_gateway.providers.port import AudioChunk, SynthesisCall, TranscriptDone, TranscriptEvent, TranscriptionCall
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.usage.rollup import Rollup
from audio_gateway.use_cases.jobs.billing import JobBilling
from audio_gateway.use_cases.jobs.cancel import JobStopping
from audio_gateway.use_cases.jobs.chunk import ChunkWork
from audio_gateway.use_cases.jobs.merge import JobEnding
from audio_gateway.use_cases.jobs.orphaned import OrphanedJobs
from audio_gateway.use_cases.jobs.prepare import Preparation
from audio_gateway.use_cases.jobs.start import JobService
from audio_gateway.use_cases.reservation import Billing
from tests.fakes.providers import catalog, model
from tests.unit.metering.tables import TABLE, late_rows
from tests.unit.money.network import Network

SPARE: Final = model(
    "spare",
    price=Price(microusd_per_million_characters=10_000_000, microusd_per_minute=24_000),
    max_characters=20,
    formats=("pcm",),
    chunk_seconds=1.0,
    capabilities=frozenset(),
)
TALKER: Final = replace(SPARE, id="talker", upstream="up-talker", fallbacks=("spare",), markup_percent="100")
"""Twice as dear as the one that answers in its place."""
CATALOG: Final = catalog(TALKER, SPARE)
LATENESS: Final = AllowedLateness(REQUEST_HOLD_SECONDS, 60)
PATIENCE_S: Final = 120


@dataclass
class Provider:
    """Speaks a sample for each character and hears one word in everything, by those of its models that are not `down`.
    The others break off, and take their money all the same.

    `asked` is told of every part of a job that reaches it.
    """

    asked: Callable[[str], None]
    down: set[str] = field(default_factory=set)

    def __call__(self, _provider: Any) -> Provider:
        return self

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        self._look(request)
        yield AudioChunk(b"\x01\x00" * len(request.text), "pcm", 24_000)

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        self._look(request)
        yield TranscriptDone(Transcript(text="hello", duration_ms=request.audio.duration_ms, language="en"))

    def _look(self, request: SynthesisCall | TranscriptionCall) -> None:
        self.asked(request.request_id or "")
        if request.model in self.down:
            raise ProviderUnavailable(f"{request.model} broke off.", provider="fake", worked=True)


class Process:
    """Everything that one of the gateway's functions may have. It remembers limits and doubts until it dies."""

    def __init__(
        self, network: Network, provider: Provider, clock: Callable[[], int], end: Callable[[JobRef], None]
    ) -> None:
        pending_settlements = PendingSettlementStore("bucket")
        files, executions = JobFiles("bucket"), Executions("arn:aws:states:eu-west-1:1:stateMachine:jobs")
        vars(pending_settlements)["_client"] = vars(files)["_client"] = network.s3
        vars(executions)["_client"] = network.step_functions
        table = network.dynamodb
        rows = late_rows(table, LATENESS, clock)
        store = JobStore(table, TABLE)
        self.billing = Billing(DynamoMeter(table, TABLE, now_ms=clock), pending_settlements)
        billing = JobBilling(
            DynamoJobMeter(table, TABLE, rows, hold_seconds=JOB_HOLD_SECONDS, now_ms=clock), pending_settlements
        )
        self.job_service = JobService(store, files, executions, billing, clock)
        self.preparation = Preparation(store, files, billing, CATALOG, provider, _no_url, clock, most_lanes=40)
        self.stopping = JobStopping(self.job_service, lambda: CATALOG, end, _nobody)
        self.chunk_work = ChunkWork(store, files, CATALOG, provider, LedgerStore(table, TABLE), clock)
        self.ending = JobEnding(store, files, billing, rows, CATALOG, _nobody, clock)
        payments, answers = LedgerPayments(Table(table, TABLE), pending_settlements, store), AnswerStore("bucket")
        vars(answers)["_client"] = network.s3
        self.repetitions = Repetitions(
            CallAttemptStore(table, TABLE), store, payments, now_s=lambda: clock() / 1000, poll_s=0
        )
        self.idempotency = Idempotency(ClaimStore(table, TABLE), answers, payments, lambda: clock() / 1000)
        self.waits = WaitingPolls(table, TABLE, clock)
        self.pending = PendingUploads(table, TABLE)
        keys = Directory(table, TABLE).api_keys
        self.sweeper = Sweeper(table, TABLE, keys, WorkOutcomes(store, pending_settlements), rows, now_ms=clock)
        self.rollup = Rollup(table, TABLE, LATENESS, now_ms=clock)
        self.orphaned_jobs = OrphanedJobs(
            store, executions, end, end, patience_s=PATIENCE_S, now_s=lambda: clock() // 1000
        )


def _nobody(_job: Job) -> None:
    """Nobody wants to know."""


def _no_url(job: JobRef, url: str, _watched: Any) -> Any:
    raise AssertionError((job, url))
