"""The webhooks function on AWS."""

from __future__ import annotations

from audio_gateway.api.active_key import active_caller
from audio_gateway.api.http.app import App
from audio_gateway.api.webhooks import WebhookDependencies, webhooks_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.rate_limit import RateLimitStore
from audio_gateway.webhooks.sender import WebhookSender
from audio_gateway.wiring.settings import WebhookSettings


def webhooks_on_aws(settings: WebhookSettings) -> App:
    """Endpoints in the table. Test events are sent to addresses that `allow_hosts` or the internet has."""
    client, table, allow = dynamodb_client(), settings.table, AllowedHosts.parse(settings.allow_hosts)
    return webhooks_app(
        WebhookDependencies(
            store=WebhookStore(client, table),
            directory=Directory(client, table),
            rate_limits=RateLimitStore(client, table),
            writer_of=active_caller(AccountStore(client, table)),
            allow=allow,
            post=WebhookSender(allow),
        )
    )
