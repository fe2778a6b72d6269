"""Delivers the queued events of ended jobs to webhook endpoints."""

import os

from audio_gateway import init_phase
from audio_gateway.api.settings import WebhookDeliverySettings
from audio_gateway.api.webhook_delivery import webhook_delivery_handler
from audio_gateway.jobs.announcements import Announcements
from audio_gateway.jobs.targets import AllowedHosts
from audio_gateway.jobs.webhook_pace import PaceStore
from audio_gateway.jobs.webhook_post import Poster
from audio_gateway.jobs.webhook_queue import WebhookQueue
from audio_gateway.jobs.webhook_store import WebhookStore
from audio_gateway.metering.archive import Archive
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.use_cases.webhooks import Postman

settings = WebhookDeliverySettings.from_env(os.environ)
client = dynamodb_client()
postman = Postman(
    store=WebhookStore(client, settings.table),
    announcements=Announcements(client, settings.table),
    paces=PaceStore(client, settings.table),
    is_archived=Archive(client, settings.table).has,
    queue=WebhookQueue(settings.webhook_queue_url),
    dead=WebhookQueue(settings.webhook_dead_queue_url),
    post=Poster(AllowedHosts.parse(settings.allow_hosts)),
)
handler = init_phase.done(webhook_delivery_handler(postman))
