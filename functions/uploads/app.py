"""POST /v1/audio/uploads, and GET and DELETE /v1/audio/uploads/{id}."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import StorageSettings
from audio_gateway.api.uploads import uploads_app
from audio_gateway.api.writers import writers
from audio_gateway.jobs.upload_store import UploadStore
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.visits import Visits

settings = StorageSettings.from_env(os.environ)
client = dynamodb_client()
uploads = UploadStore(client, settings.table, settings.bucket)
writer_of = writers(AccountStore(client, settings.table))
app = uploads_app(uploads=uploads, visits=Visits(client, settings.table), writer_of=writer_of)
handler = init_phase.done(lambda_handler(app, "uploads", settings.origins))
