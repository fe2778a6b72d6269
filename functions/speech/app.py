"""POST /v1/audio/speech."""

import os

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.results import ResultStore
from audio_gateway.api.settings import AudioSettings
from audio_gateway.api.speech import speech_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.providers.registry import provider_of
from audio_gateway.use_cases.reserve import Till

settings = AudioSettings.from_env(os.environ)
meter = DynamoMeter(dynamodb_client(), settings.table, hold_seconds=settings.hold_seconds)
app = speech_app(
    catalog=catalog_from(settings.catalog),
    providers=provider_of,
    till=Till(meter, UnsettledStore(settings.bucket)),
    results=ResultStore(settings.bucket),
)
handler = lambda_handler(app, "speech")
