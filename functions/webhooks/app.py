"""The routes of webhook endpoints and event types, and the operators' routes below /v1/organization."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.settings import WebhookSettings
from audio_gateway.wiring.webhooks import webhooks_on_aws

settings = WebhookSettings.from_env(os.environ)
app = webhooks_on_aws(settings)
handler = init_phase.done(lambda_handler(app, "webhooks", settings.origins))
