"""Webhook endpoints and delivery attempts as items of the table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.aws.update import Item, attributes, item_key
from audio_gateway.net.targets import normal_form
from audio_gateway.webhooks.webhook import EventType, WebhookEndpoint

LOG_SECONDS: Final = 7 * 24 * 3600
"""How long an attempt can be read."""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """An attempt to deliver an event to an endpoint. Times are Unix seconds.

    `status_code` is the status of the response; None without a response, and then `error` says why in a word.
    `next_at` is when the next attempt is due; None after the last one.
    """

    id: str
    event_id: str
    event_type: EventType
    job_id: str
    number: int
    at: int
    status_code: int | None
    error: str | None
    next_at: int | None


def endpoints_of(project_id: str) -> str:
    """The partition of a project's endpoints."""
    return f"WEBHOOKS#{project_id}"


def endpoint_key(project_id: str, endpoint_id: str) -> Item:
    """The primary key of an endpoint."""
    return item_key(endpoints_of(project_id), endpoint_id)


def endpoint_item(endpoint: WebhookEndpoint) -> Item:
    """A new endpoint."""
    return endpoint_key(endpoint.project_id, endpoint.id) | attributes(
        name=endpoint.name,
        url=endpoint.url,
        event_types=endpoint.event_types,
        secret=endpoint.secret,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
    )


def endpoint_from(item: dict[str, Any]) -> WebhookEndpoint:
    """The endpoint in an item."""
    return WebhookEndpoint(
        id=item["sk"]["S"],
        project_id=item["pk"]["S"].removeprefix("WEBHOOKS#"),
        name=item["name"]["S"],
        url=item["url"]["S"],
        event_types=tuple(each["S"] for each in item["event_types"]["L"]),
        secret=item["secret"]["S"],
        created_at=int(item["created_at"]["N"]),
        updated_at=int(item["updated_at"]["N"]),
        old_secret=item["old_secret"]["S"] if "old_secret" in item else None,
        old_secret_until=int(item["old_secret_until"]["N"]) if "old_secret" in item else 0,
        status=item["status"]["S"] if "status" in item else "enabled",
        undelivered=int(item["in_vain"]["N"]) if "in_vain" in item else 0,
    )


def url_key(project_id: str, url: str) -> Item:
    """The primary key of the item that says which endpoint of a project has a URL, however it is spelled."""
    digest = hashlib.sha256(normal_form(url).encode()).hexdigest()
    return item_key(f"WEBHOOK_URLS#{project_id}", digest)


def attempts_of(endpoint: WebhookEndpoint) -> str:
    """The partition of the attempts of an endpoint."""
    return f"DELIVERIES#{endpoint.project_id}#{endpoint.id}"


def attempt_item(endpoint: WebhookEndpoint, attempt: DeliveryAttempt) -> Item:
    """An attempt, which DynamoDB removes after seven days."""
    return item_key(attempts_of(endpoint), attempt.id) | attributes(
        event_id=attempt.event_id,
        event_type=attempt.event_type,
        job_id=attempt.job_id,
        number=attempt.number,
        at=attempt.at,
        ttl=attempt.at + LOG_SECONDS,
        status_code=attempt.status_code,
        error=attempt.error,
        next_at=attempt.next_at,
    )


def attempt_from(item: dict[str, Any]) -> DeliveryAttempt:
    """The attempt in an item."""
    return DeliveryAttempt(
        id=item["sk"]["S"],
        event_id=item["event_id"]["S"],
        event_type=item["event_type"]["S"],
        job_id=item["job_id"]["S"],
        number=int(item["number"]["N"]),
        at=int(item["at"]["N"]),
        status_code=int(item["status_code"]["N"]) if "status_code" in item else None,
        error=item["error"]["S"] if "error" in item else None,
        next_at=int(item["next_at"]["N"]) if "next_at" in item else None,
    )
