"""POST /v1/audio/speech."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.results import ResultStore
from audio_gateway.api.settings import AudioSettings
from audio_gateway.api.speech import SpeechApi, speech_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.providers.registry import provider_of, start_engines
from audio_gateway.replay.aws import idempotency_on_aws, repetitions_on_aws
from audio_gateway.replay.speech_cache import SpeechCacheStore
from audio_gateway.use_cases.desk import desk_on_aws
from audio_gateway.use_cases.reserve import Till

settings = AudioSettings.from_env(os.environ)
catalog = catalog_from(settings.catalog)
start_engines(catalog)
dynamodb, unsettled = dynamodb_client(), UnsettledStore(settings.bucket)
meter = DynamoMeter(dynamodb, settings.table, hold_seconds=settings.lag.hold_s)
using = SpeechApi(
    catalog=catalog,
    providers=provider_of,
    till=Till(meter, unsettled),
    idempotency=idempotency_on_aws(dynamodb, settings.table, settings.bucket, unsettled),
    repetitions=repetitions_on_aws(dynamodb, settings.table),
    caches=SpeechCacheStore(settings.bucket),
    results=ResultStore(settings.bucket),
    desk=desk_on_aws(dynamodb, settings.table, settings.bucket, settings.machine_arn, unsettled, settings.lag),
)
handler = init_phase.done(lambda_handler(speech_app(using), "speech", settings.origins))
