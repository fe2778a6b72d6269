"""POST /v1/audio/transcriptions of the contract profile."""

import os

from stub import StubProvider, meaningful, measured

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import AudioSettings
from audio_gateway.api.transcriptions import transcriptions_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.replay.aws import idempotency_on_aws
from audio_gateway.use_cases.reserve import Till

settings = AudioSettings.from_env(os.environ)
dynamodb, unsettled = dynamodb_client(), UnsettledStore(settings.bucket)
meter = DynamoMeter(dynamodb, settings.table, hold_seconds=settings.hold_seconds)
app = transcriptions_app(
    catalog=catalog_from(settings.catalog),
    providers=lambda _provider: StubProvider(),
    till=Till(meter, unsettled),
    idempotency=idempotency_on_aws(dynamodb, settings.table, settings.bucket, unsettled),
    measure=measured,
)
_handle = lambda_handler(app, "transcriptions")


def handler(event, context):
    """The real handler, on an event that means something."""
    return _handle(meaningful(event), context)
