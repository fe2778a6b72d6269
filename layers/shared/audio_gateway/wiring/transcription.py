"""The transcriptions and translations functions on AWS."""

from __future__ import annotations

from audio_gateway.api.transcriptions import TranscriptionApiDependencies
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.providers.registry import adapter_of
from audio_gateway.storage.results import ResultStore
from audio_gateway.uploads.named_files import NamedFileReader
from audio_gateway.uploads.upload_store import UploadStore
from audio_gateway.use_cases.reservation import Billing
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.idempotency import idempotency_on_aws, repetitions_on_aws
from audio_gateway.wiring.job_starting import job_service_on_aws
from audio_gateway.wiring.settings import TranscriptionSettings


def transcription_on_aws(settings: TranscriptionSettings) -> TranscriptionApiDependencies:
    """Accounts, claims and uploads in the table, files and large responses in the bucket, and the state machine."""
    table, bucket = settings.table, settings.bucket
    client, pending_settlements = dynamodb_client(), PendingSettlementStore(bucket)
    uploads = UploadStore(client, table, bucket)
    meter = DynamoMeter(client, table, hold_seconds=settings.lateness.hold_s)
    return TranscriptionApiDependencies(
        catalog=catalog_on_aws(settings.catalog),
        providers=adapter_of,
        billing=Billing(meter, pending_settlements),
        idempotency=idempotency_on_aws(client, table, bucket, pending_settlements),
        repetitions=repetitions_on_aws(client, table, pending_settlements),
        results=ResultStore(bucket),
        files=NamedFileReader(uploads, AllowedHosts.parse(settings.allow_hosts)),
        job_service=job_service_on_aws(
            client, table, bucket, settings.machine_arn, pending_settlements, settings.lateness
        ),
    )
