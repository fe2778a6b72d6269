"""The uploads function on AWS."""

from __future__ import annotations

from audio_gateway.api.active_key import active_caller
from audio_gateway.api.http.app import App
from audio_gateway.api.uploads import uploads_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.free_requests import FreeRequests
from audio_gateway.uploads.upload_store import UploadStore
from audio_gateway.wiring.settings import StorageSettings


def uploads_on_aws(settings: StorageSettings) -> App:
    """Uploads in the table, their files in the bucket."""
    client, table = dynamodb_client(), settings.table
    return uploads_app(
        uploads=UploadStore(client, table, settings.bucket),
        visits=FreeRequests(client, table),
        writer_of=active_caller(AccountStore(client, table)),
    )
