"""Delivers the queued events of ended jobs to webhook endpoints."""

import os

from audio_gateway import init_phase
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.archive import Archive
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.use_cases.deliver_webhooks import WebhookDispatcher
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.published_events import PublishedEvents
from audio_gateway.webhooks.queue import WebhookQueue
from audio_gateway.webhooks.rate_limit import RateLimitStore
from audio_gateway.webhooks.sender import WebhookSender
from audio_gateway.wiring.settings import WebhookDeliverySettings
from audio_gateway.workers.webhook_delivery import webhook_delivery_handler

settings = WebhookDeliverySettings.from_env(os.environ)
client = dynamodb_client()
dispatcher = WebhookDispatcher(
    store=WebhookStore(client, settings.table),
    announcements=PublishedEvents(client, settings.table),
    paces=RateLimitStore(client, settings.table),
    is_archived=Archive(client, settings.table).has,
    queue=WebhookQueue(settings.webhook_queue_url),
    dead=WebhookQueue(settings.webhook_dead_queue_url),
    post=WebhookSender(AllowedHosts.parse(settings.allow_hosts)),
)
handler = init_phase.done(webhook_delivery_handler(dispatcher))
