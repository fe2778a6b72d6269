"""The samples of webhook endpoints, by operation."""

from __future__ import annotations

from typing import Final

_CURL: Final = 'curl -L {method}"$OPENAI_BASE_URL/{path}" -H "Authorization: Bearer $OPENAI_API_KEY"{body}'
_JSON: Final = " \\\n  -H \"Content-Type: application/json\" -d '{fields}'"


def _curl(path: str, fields: str = "", method: str = "") -> dict[str, str]:
    body = _JSON.replace("{fields}", fields) if fields else ""
    return {"sh": _CURL.format(method=f"-X {method} " if method else "", path=path, body=body)}


WEBHOOK_SAMPLES: Final[dict[str, dict[str, str]]] = {
    "listWebhookEventTypes": _curl("webhook_event_types"),
    "listWebhookEndpoints": _curl("webhook_endpoints"),
    "createWebhookEndpoint": _curl(
        "webhook_endpoints",
        '{"name": "website", "url": "https://example.com/hooks", "event_types": ["audio.job.succeeded"]}',
    ),
    "retrieveWebhookEndpoint": _curl("webhook_endpoints/$ENDPOINT"),
    "updateWebhookEndpoint": _curl(
        "webhook_endpoints/$ENDPOINT", '{"event_types": ["audio.job.succeeded", "audio.job.failed"]}'
    ),
    "deleteWebhookEndpoint": _curl("webhook_endpoints/$ENDPOINT", method="DELETE"),
    "rotateWebhookSecret": _curl(
        "webhook_endpoints/$ENDPOINT/rotate_secret", '{"keep_old_secret_active_for_24_hours": true}'
    ),
    "testWebhookEndpoint": _curl("webhook_endpoints/$ENDPOINT/test", '{"event_type": "audio.job.succeeded"}'),
    "listWebhookDeliveries": _curl("webhook_endpoints/$ENDPOINT/deliveries?limit=100"),
}
