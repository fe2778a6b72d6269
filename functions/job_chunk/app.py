"""Second step of a job, once per chunk: calls a provider."""

import os

from audio_gateway import init_phase
from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.catalog.load import catalog_from
from audio_gateway.clock import now_ms
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.providers.registry import adapter_of
from audio_gateway.use_cases.jobs.chunk import ChunkWork
from audio_gateway.wiring.settings import JobChunkSettings
from audio_gateway.workers.job_steps import chunk_handler

settings = JobChunkSettings.from_env(os.environ)
dynamodb = patient_dynamodb_client()
work = ChunkWork(
    store=JobStore(dynamodb, settings.table),
    files=JobFiles(settings.bucket),
    catalog=catalog_from(settings.catalog),
    providers=adapter_of,
    ledger=LedgerStore(dynamodb, settings.table),
    now_ms=now_ms,
)
handler = init_phase.done(chunk_handler(work))
