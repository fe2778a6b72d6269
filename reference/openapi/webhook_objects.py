"""The objects of requests and responses about webhook endpoints."""

from __future__ import annotations

from audio_gateway.api.admin.bodies import MAX_NAME
from audio_gateway.net.targets import MAX_URL
from audio_gateway.webhooks.webhook import ENDPOINT_STATUSES, EVENT_TYPES, MAX_UNDELIVERED_EVENTS
from reference.openapi.build import (
    Schema,
    complete,
    constant,
    integer,
    many,
    or_null,
    page_of,
    record,
    text,
    words,
)


def webhook_schemas() -> dict[str, Schema]:
    """All of them, by name."""
    return {**_requests(), **_endpoints(), **_results()}


# ---------------------------------------------------------------- requests
def _requests() -> dict[str, Schema]:
    name = text("The display name: one line of visible characters.", minLength=1, maxLength=MAX_NAME)
    url = text("A public https URL on port 443.", maxLength=MAX_URL)
    types = many(words(EVENT_TYPES, "An event type."), "The event types that the endpoint receives.", minItems=1)
    keep: Schema = {
        "type": "boolean",
        "description": "Whether to sign events with the old secret as well for 24 hours. Otherwise, the old secret "
        "becomes invalid immediately.",
        "default": False,
    }
    return {
        "WebhookEndpointRequest": _request(
            "A new endpoint.", "name url event_types", {"name": name, "url": url, "event_types": types}
        ),
        "WebhookEndpointUpdateRequest": _request(
            "The fields to change.", "", {"name": name, "url": url, "event_types": types, "status": _status()}
        ),
        "RotateWebhookSecretRequest": _request(
            "Options; may be omitted.", "", {"keep_old_secret_active_for_24_hours": keep}
        ),
        "WebhookTestRequest": _request(
            "The event to send.",
            "event_type",
            {
                "event_type": words(
                    EVENT_TYPES, "The event type to send. The endpoint does not have to be registered for it."
                )
            },
        ),
    }


def _request(description: str, required: str, fields: dict[str, Schema]) -> Schema:
    return record(description, required, fields, additionalProperties=False)


def _status() -> Schema:
    return words(
        ENDPOINT_STATUSES,
        f"A `disabled` endpoint receives no events. The gateway disables an endpoint after {MAX_UNDELIVERED_EVENTS} "
        "consecutive events that could not be delivered.",
    )


# ---------------------------------------------------------------- responses
def _endpoints() -> dict[str, Schema]:
    endpoint: dict[str, Schema] = {
        "id": text("The id of the endpoint. Ids sort by creation time."),
        "object": constant("webhook_endpoint"),
        "name": text("The display name."),
        "url": text("The URL that events are sent to."),
        "event_types": many(words(EVENT_TYPES, "An event type."), "The event types that the endpoint receives."),
        "status": _status(),
        "signing_secret_hint": text("The last characters of the signing secret."),
        "created_at": integer("When the endpoint was created, in Unix seconds."),
        "updated_at": integer("When the endpoint or its secret was last changed, in Unix seconds."),
    }
    created = {**endpoint, "signing_secret": text("The secret, `whsec_…`. It is not shown again.")}
    deleted: dict[str, Schema] = {
        "id": text("The id of the endpoint."),
        "object": constant("webhook_endpoint.deleted"),
        "deleted": {"const": True},
    }
    return {
        "WebhookEndpoint": complete("A webhook endpoint.", endpoint),
        "NewWebhookEndpoint": complete("A webhook endpoint with its signing secret.", created),
        "WebhookEndpointList": page_of("WebhookEndpoint"),
        "DeletedWebhookEndpoint": complete("Confirms the deletion.", deleted),
    }


def _results() -> dict[str, Schema]:
    test: dict[str, Schema] = {
        "object": constant("webhook_endpoint.test"),
        "webhook_endpoint_id": text("The id of the endpoint."),
        "event_type": text("The type of the event that was sent."),
        "status_code": integer("The status of the endpoint's response: a 2xx."),
        "success": {"const": True},
    }
    types: dict[str, Schema] = {"object": constant("list"), "data": many({"type": "string"}, "All event types.")}
    return {
        "WebhookTest": complete("The result of a test.", test),
        "WebhookEventTypes": complete("The event types.", types),
        "WebhookDelivery": _delivery(),
        "WebhookDeliveryList": page_of("WebhookDelivery"),
    }


def _delivery() -> Schema:
    data = record("The `data` of the event.", "id", {"id": text("The id of the job.")})
    return complete(
        "An attempt to deliver an event to an endpoint. The bodies of requests and responses are not kept.",
        {
            "id": text("The id of the attempt."),
            "object": constant("webhook_endpoint.delivery"),
            "event_id": text("The id of the event: the `webhook-id` of each attempt to deliver it."),
            "event_type": text("The type of the event."),
            "data": data,
            "attempt": integer("The number of the attempt for this event, from 1."),
            "status_code": or_null(integer("The status of the endpoint's response; null if there was none.")),
            "error": or_null(text("`timeout`, `unreachable` or `address_refused`; null if the endpoint responded.")),
            "created_at": integer("When the attempt was made, in Unix seconds."),
            "next_attempt_at": or_null(
                integer("When the next attempt is due, in Unix seconds; null if there is none.")
            ),
        },
    )
