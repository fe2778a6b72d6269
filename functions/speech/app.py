"""POST /v1/audio/speech."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.speech import SpeechDependencies, speech_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.catalog.load import catalog_from
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.providers.registry import adapter_of, start_engines
from audio_gateway.storage.results import ResultStore
from audio_gateway.storage.speech_cache import SpeechCacheStore
from audio_gateway.use_cases.reservation import Billing
from audio_gateway.wiring.idempotency import idempotency_on_aws, repetitions_on_aws
from audio_gateway.wiring.job_starting import job_service_on_aws
from audio_gateway.wiring.settings import SpeechSettings

settings = SpeechSettings.from_env(os.environ)
catalog = catalog_from(settings.catalog)
start_engines(catalog)
dynamodb, pending_settlements = dynamodb_client(), PendingSettlementStore(settings.bucket)
meter = DynamoMeter(dynamodb, settings.table, hold_seconds=settings.lateness.hold_s)
deps = SpeechDependencies(
    catalog=catalog,
    providers=adapter_of,
    billing=Billing(meter, pending_settlements),
    idempotency=idempotency_on_aws(dynamodb, settings.table, settings.bucket, pending_settlements),
    repetitions=repetitions_on_aws(dynamodb, settings.table),
    caches=SpeechCacheStore(settings.bucket),
    results=ResultStore(settings.bucket),
    job_service=job_service_on_aws(
        dynamodb, settings.table, settings.bucket, settings.machine_arn, pending_settlements, settings.lateness
    ),
)
handler = init_phase.done(lambda_handler(speech_app(deps), "speech", settings.origins))
