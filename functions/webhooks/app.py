"""/v1/webhook_endpoints… and /v1/webhook_event_types."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import WebhookSettings
from audio_gateway.api.webhooks import webhooks_app
from audio_gateway.jobs.targets import AllowedHosts
from audio_gateway.jobs.webhook_post import Poster
from audio_gateway.jobs.webhook_store import WebhookStore
from audio_gateway.metering.dynamodb import dynamodb_client

settings = WebhookSettings.from_env(os.environ)
allow = AllowedHosts.parse(settings.allow_hosts)
app = webhooks_app(store=WebhookStore(dynamodb_client(), settings.table), allow=allow, post=Poster(allow))
handler = init_phase.done(lambda_handler(app, "webhooks", settings.origins))
