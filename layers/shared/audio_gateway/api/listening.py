"""What the functions that take audio work with, on AWS."""

from __future__ import annotations

from audio_gateway.api.results import ResultStore
from audio_gateway.api.settings import ListeningSettings
from audio_gateway.api.transcriptions import ListeningApi
from audio_gateway.catalog.load import catalog_from
from audio_gateway.jobs.inputs import Inputs
from audio_gateway.jobs.targets import AllowedHosts
from audio_gateway.jobs.upload_store import UploadStore
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.providers.registry import provider_of
from audio_gateway.replay.aws import idempotency_on_aws, repetitions_on_aws
from audio_gateway.use_cases.desk import desk_on_aws
from audio_gateway.use_cases.reserve import Till


def listening_on_aws(settings: ListeningSettings) -> ListeningApi:
    """All of it over the table, the bucket and the state machine. Nothing is called before there is a request."""
    table, bucket = settings.table, settings.bucket
    client, unsettled = dynamodb_client(), UnsettledStore(bucket)
    uploads = UploadStore(client, table, bucket)
    meter = DynamoMeter(client, table, hold_seconds=settings.lag.hold_s)
    return ListeningApi(
        catalog=catalog_from(settings.catalog),
        providers=provider_of,
        till=Till(meter, unsettled),
        idempotency=idempotency_on_aws(client, table, bucket, unsettled),
        repetitions=repetitions_on_aws(client, table),
        results=ResultStore(bucket),
        files=Inputs(uploads, AllowedHosts.parse(settings.allow_hosts)),
        desk=desk_on_aws(client, table, bucket, settings.machine_arn, unsettled, settings.lag),
    )
