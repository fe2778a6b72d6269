"""The speech function on AWS."""

from __future__ import annotations

from audio_gateway.api.http.app import App
from audio_gateway.api.speech import SpeechDependencies, speech_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.providers.registry import adapter_of, start_engines
from audio_gateway.storage.results import ResultStore
from audio_gateway.storage.speech_cache import SpeechCacheStore
from audio_gateway.use_cases.reservation import Billing
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.idempotency import idempotency_on_aws, repetitions_on_aws
from audio_gateway.wiring.job_starting import job_service_on_aws
from audio_gateway.wiring.settings import SpeechSettings


def speech_on_aws(settings: SpeechSettings) -> App:
    """Accounts and claims in the table, large answers and cached speech in the bucket. Starts the embedded engines."""
    catalog = catalog_on_aws(settings.catalog)
    start_engines(catalog)
    table, bucket = settings.table, settings.bucket
    client, pending_settlements = dynamodb_client(), PendingSettlementStore(bucket)
    meter = DynamoMeter(client, table, hold_seconds=settings.lateness.hold_s)
    return speech_app(
        SpeechDependencies(
            catalog=catalog,
            providers=adapter_of,
            billing=Billing(meter, pending_settlements),
            idempotency=idempotency_on_aws(client, table, bucket, pending_settlements),
            repetitions=repetitions_on_aws(client, table, pending_settlements),
            caches=SpeechCacheStore(bucket),
            results=ResultStore(bucket),
            job_service=job_service_on_aws(
                client, table, bucket, settings.machine_arn, pending_settlements, settings.lateness
            ),
        )
    )
