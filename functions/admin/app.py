"""All routes below /v1/organization/projects and /v1/organization/admin_api_keys."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.admin import admin_on_aws
from audio_gateway.wiring.settings import AdminSettings

settings = AdminSettings.from_env(os.environ)
app = admin_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "admin", settings.origins))
