"""POST /v1/audio/uploads, and GET and DELETE /v1/audio/uploads/{id}."""

import os

from audio_gateway import init_phase
from audio_gateway.api.active_key import writers
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.uploads import uploads_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.free_requests import FreeRequests
from audio_gateway.uploads.upload_store import UploadStore
from audio_gateway.wiring.settings import StorageSettings

settings = StorageSettings.from_env(os.environ)
client = dynamodb_client()
uploads = UploadStore(client, settings.table, settings.bucket)
writer_of = writers(AccountStore(client, settings.table))
app = uploads_app(uploads=uploads, visits=FreeRequests(client, settings.table), writer_of=writer_of)
handler = init_phase.done(lambda_handler(app, "uploads", settings.origins))
