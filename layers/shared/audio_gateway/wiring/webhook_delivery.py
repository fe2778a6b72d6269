"""The delivery of webhooks on AWS."""

from __future__ import annotations

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


def webhook_dispatcher_on_aws(settings: WebhookDeliverySettings) -> WebhookDispatcher:
    """Endpoints and attempts in the table, and the two queues."""
    client, table = dynamodb_client(), settings.table
    return WebhookDispatcher(
        store=WebhookStore(client, table),
        published_events=PublishedEvents(client, table),
        rate_limits=RateLimitStore(client, table),
        is_archived=Archive(client, table).has,
        queue=WebhookQueue(settings.webhook_queue_url),
        dead=WebhookQueue(settings.webhook_dead_queue_url),
        post=WebhookSender(AllowedHosts.parse(settings.allow_hosts)),
    )
