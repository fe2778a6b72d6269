"""POST /v1/audio/uploads, GET and DELETE /v1/audio/uploads/{id}."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import StorageSettings
from audio_gateway.api.uploads import uploads_app
from audio_gateway.jobs.upload_store import UploadStore
from audio_gateway.metering.dynamodb import dynamodb_client

settings = StorageSettings.from_env(os.environ)
app = uploads_app(uploads=UploadStore(dynamodb_client(), settings.table, settings.bucket))
handler = init_phase.done(lambda_handler(app, "uploads", settings.origins))
