"""The steps that work on the chunks of a job, on AWS: one function for each kind of job."""

from __future__ import annotations

from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.clock import now_ms
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.providers.registry import adapter_of
from audio_gateway.use_cases.jobs.chunk import ChunkWork
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.settings import JobStepSettings


def job_chunk_on_aws(settings: JobStepSettings) -> ChunkWork:
    """Jobs and the ledger in the table, chunks in the bucket, providers from the catalogue."""
    client = patient_dynamodb_client()
    return ChunkWork(
        store=JobStore(client, settings.table),
        files=JobFiles(settings.bucket),
        catalog=catalog_on_aws(settings.catalog),
        providers=adapter_of,
        ledger=LedgerStore(client, settings.table),
        now_ms=now_ms,
    )
