"""GET /v1/organization/usage/…, /v1/organization/costs, /v1/organization/ledger and /v1/usage."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.settings import StorageSettings
from audio_gateway.wiring.usage import usage_on_aws

settings = StorageSettings.from_env(os.environ)
app = usage_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "usage", settings.origins))
