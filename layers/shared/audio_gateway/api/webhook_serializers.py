"""Webhook endpoints and their deliveries as callers see them."""

from __future__ import annotations

from typing import Any

from audio_gateway.webhooks.items import DeliveryAttempt
from audio_gateway.webhooks.webhook import WebhookEndpoint, secret_hint


def webhook_endpoint_json(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """`webhook_endpoint`, without its secret."""
    return {
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "name": endpoint.name,
        "url": endpoint.url,
        "event_types": list(endpoint.event_types),
        "status": endpoint.status,
        "signing_secret_hint": secret_hint(endpoint.secret),
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def webhook_endpoint_with_secret_json(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """As `webhook_endpoint_json`, for the only two responses that show the secret: to its creation and rotation."""
    return {**webhook_endpoint_json(endpoint), "signing_secret": endpoint.secret}


def delivery_json(attempt: DeliveryAttempt) -> dict[str, Any]:
    """`webhook_endpoint.delivery`: one attempt."""
    return {
        "id": attempt.id,
        "object": "webhook_endpoint.delivery",
        "event_id": attempt.event_id,
        "event_type": attempt.event_type,
        "data": {"id": attempt.job_id},
        "attempt": attempt.number,
        "status_code": attempt.status_code,
        "error": attempt.error,
        "created_at": attempt.at,
        "next_attempt_at": attempt.next_at,
    }
