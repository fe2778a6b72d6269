"""POST /v1/audio/transcriptions of the contract profile."""

import os

from stub import StubProvider, meaningful, measured

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import ListeningSettings
from audio_gateway.api.transcriptions import ListeningApi, transcriptions_app
from audio_gateway.catalog.load import catalog_from
from audio_gateway.jobs.inputs import Inputs
from audio_gateway.jobs.remote import AllowedHosts
from audio_gateway.jobs.upload_store import UploadStore
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.replay.aws import idempotency_on_aws
from audio_gateway.use_cases.desk import desk_on_aws
from audio_gateway.use_cases.reserve import Till

settings = ListeningSettings.from_env(os.environ)
dynamodb, unsettled = dynamodb_client(), UnsettledStore(settings.bucket)
uploads = UploadStore(dynamodb, settings.table, settings.bucket)
meter = DynamoMeter(dynamodb, settings.table, hold_seconds=settings.hold_seconds)
using = ListeningApi(
    catalog=catalog_from(settings.catalog),
    providers=lambda _provider: StubProvider(),
    till=Till(meter, unsettled),
    idempotency=idempotency_on_aws(dynamodb, settings.table, settings.bucket, unsettled),
    files=Inputs(uploads, AllowedHosts.parse(settings.allow_hosts)),
    desk=desk_on_aws(dynamodb, settings.table, settings.bucket, settings.machine_arn, unsettled),
    measure=measured,
)
_handle = lambda_handler(transcriptions_app(using), "transcriptions")


def handler(event, context):
    """The real handler, on an event that means something."""
    return _handle(meaningful(event), context)
