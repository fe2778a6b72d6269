"""Second step of a job, once per chunk: calls a provider."""

import os

from audio_gateway import init_phase
from audio_gateway.api.job_steps import chunk_handler
from audio_gateway.api.settings import JobSettings
from audio_gateway.catalog.load import catalog_from
from audio_gateway.clock import now_ms
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.dynamodb import patient_dynamodb_client
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.providers.registry import provider_of
from audio_gateway.use_cases.chunk_job import ChunkWork

settings = JobSettings.from_env(os.environ)
dynamodb = patient_dynamodb_client()
work = ChunkWork(
    store=JobStore(dynamodb, settings.table),
    files=JobFiles(settings.bucket),
    catalog=catalog_from(settings.catalog),
    providers=provider_of,
    ledger=LedgerStore(dynamodb, settings.table),
    now_ms=now_ms,
)
handler = init_phase.done(chunk_handler(work))
