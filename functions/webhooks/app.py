"""The routes of webhook endpoints and event types, and the operators' routes below /v1/organization."""

import os

from audio_gateway import init_phase
from audio_gateway.api.active_key import writers
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.webhooks import WebhookDependencies, webhooks_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.rate_limit import RateLimitStore
from audio_gateway.webhooks.sender import WebhookSender
from audio_gateway.wiring.settings import WebhookSettings

settings = WebhookSettings.from_env(os.environ)
allow = AllowedHosts.parse(settings.allow_hosts)
client = dynamodb_client()
job_service = WebhookDependencies(
    store=WebhookStore(client, settings.table),
    directory=Directory(client, settings.table),
    paces=RateLimitStore(client, settings.table),
    writer_of=writers(AccountStore(client, settings.table)),
    allow=allow,
    post=WebhookSender(allow),
)
handler = init_phase.done(lambda_handler(webhooks_app(job_service), "webhooks", settings.origins))
