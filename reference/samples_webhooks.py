"""The samples of webhook endpoints, by operation."""

from __future__ import annotations

from typing import Final

from reference.samples_curl import curl, kept

_NEW: Final = '{"name": "website", "url": "https://example.com/hooks", "event_types": ["audio.job.succeeded"]}'
_OF_PROJECT: Final = "organization/projects/default/webhook_endpoints"
_ONE: Final = "webhook_endpoints/$ENDPOINT"

NEEDS_A_RECEIVER: Final = "the endpoint must have a public URL"
NOT_RUN: Final = frozenset(
    {
        "createWebhookEndpoint",
        "retrieveWebhookEndpoint",
        "updateWebhookEndpoint",
        "testWebhookEndpoint",
        "listWebhookDeliveries",
        "rotateWebhookSecret",
        "deleteWebhookEndpoint",
        "deleteProjectWebhookEndpoint",
    }
)

WEBHOOK_SAMPLES: Final[dict[str, dict[str, str]]] = {
    "listWebhookEventTypes": {"sh": curl("webhook_event_types")},
    "createWebhookEndpoint": {"sh": kept("ENDPOINT", "webhook_endpoints", fields=_NEW)},
    "retrieveWebhookEndpoint": {"sh": curl(_ONE)},
    "listWebhookEndpoints": {"sh": curl("webhook_endpoints")},
    "updateWebhookEndpoint": {"sh": curl(_ONE, fields='{"event_types": ["audio.job.succeeded", "audio.job.failed"]}')},
    "testWebhookEndpoint": {"sh": curl(f"{_ONE}/test", fields='{"event_type": "audio.job.succeeded"}')},
    "listWebhookDeliveries": {"sh": curl(f"{_ONE}/deliveries?limit=100")},
    "rotateWebhookSecret": {
        "sh": curl(f"{_ONE}/rotate_secret", fields='{"keep_old_secret_active_for_24_hours": true}')
    },
    "deleteWebhookEndpoint": {"sh": curl(_ONE, method="DELETE")},
    "listProjectWebhookEndpoints": {"sh": curl(_OF_PROJECT, admin=True)},
    "deleteProjectWebhookEndpoint": {
        "sh": "\n".join(
            [
                f"ENDPOINT=$({curl(_OF_PROJECT, admin=True)} | jq -r '.data[0].id')",
                curl(f"{_OF_PROJECT}/$ENDPOINT", method="DELETE", admin=True),
            ]
        )
    },
}
