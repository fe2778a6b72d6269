"""The routes of webhook endpoints and event types, and the operators' routes below /v1/organization."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.settings import WebhookSettings
from audio_gateway.api.webhooks import WebhookDesk, webhooks_app
from audio_gateway.api.writers import writers
from audio_gateway.jobs.targets import AllowedHosts
from audio_gateway.jobs.webhook_pace import PaceStore
from audio_gateway.jobs.webhook_post import Poster
from audio_gateway.jobs.webhook_store import WebhookStore
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.directory import Directory
from audio_gateway.metering.dynamodb import dynamodb_client

settings = WebhookSettings.from_env(os.environ)
allow = AllowedHosts.parse(settings.allow_hosts)
client = dynamodb_client()
desk = WebhookDesk(
    store=WebhookStore(client, settings.table),
    directory=Directory(client, settings.table),
    paces=PaceStore(client, settings.table),
    writer_of=writers(AccountStore(client, settings.table)),
    allow=allow,
    post=Poster(allow),
)
handler = init_phase.done(lambda_handler(webhooks_app(desk), "webhooks", settings.origins))
