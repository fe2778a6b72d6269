"""All routes below /v1/organization/projects and /v1/organization/admin_api_keys."""

import os

from audio_gateway import init_phase
from audio_gateway.api.admin.app import admin_app
from audio_gateway.api.admin.catalogue import catalog_when_asked
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.directory import Directory
from audio_gateway.wiring.settings import AdminSettings

settings = AdminSettings.from_env(os.environ)
directory = Directory(dynamodb_client(), settings.table)
app = admin_app(directory=directory, catalog=catalog_when_asked(settings.catalog))
handler = init_phase.done(lambda_handler(app, "admin", settings.origins))
