"""The operations on webhook endpoints, and their objects."""

from __future__ import annotations

from typing import Final

from audio_gateway.api.admin.bodies import MAX_NAME
from audio_gateway.net.targets import MAX_URL
from audio_gateway.webhooks.rate_limit import OF_TESTS
from audio_gateway.webhooks.sender import TIMEOUT_S
from audio_gateway.webhooks.webhook import ENDPOINT_STATUSES, EVENT_TYPES, MAX_ENDPOINTS, MAX_UNDELIVERED_EVENTS
from reference.openapi.build import Schema, complete, constant, integer, many, or_null, page_of, record, text, words
from reference.openapi.operations import READING, json_answer, json_body, page_parameters, parameter, refusals

_READING: Final = (*READING, 503)
_WRITING: Final = (*_READING, 409, 415)

_ALL: Final = "/webhook_endpoints"
_ONE: Final = "/webhook_endpoints/{webhook_endpoint_id}"


def webhook_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    return {
        "/webhook_event_types": {
            "get": _operation(
                "listWebhookEventTypes",
                "List event types",
                "The events that a webhook endpoint can get: the ends of jobs.",
                json_answer("The types.", "WebhookEventTypes"),
            )
        },
        _ALL: {
            "get": _operation(
                "listWebhookEndpoints",
                "List webhook endpoints",
                "Lists the endpoints of the key's project, oldest first.",
                json_answer("A page.", "WebhookEndpointList"),
                *page_parameters(),
            ),
            "post": _posting(
                "createWebhookEndpoint",
                "Create a webhook endpoint",
                "An address that is sent events by POST, signed as Standard Webhooks says: `webhooks.unwrap` of the "
                "SDKs verifies them. The answer shows the signing secret, this once. A project may have "
                f"{MAX_ENDPOINTS} endpoints, and one with each URL, however it is spelled (409, `webhook_url_taken`).",
                json_answer("The endpoint, and its secret.", "NewWebhookEndpoint"),
                "WebhookEndpointRequest",
            ),
        },
        _ONE: {
            "get": _operation(
                "retrieveWebhookEndpoint",
                "Describe a webhook endpoint",
                "Returns the endpoint without its secret.",
                json_answer("The endpoint.", "WebhookEndpoint"),
                _id(),
            ),
            "post": _posting(
                "updateWebhookEndpoint",
                "Change a webhook endpoint",
                "What is left out stays. Events that are on their way follow the change. With `status` an endpoint is "
                "switched off, or on again.",
                json_answer("The endpoint.", "WebhookEndpoint"),
                "WebhookEndpointUpdateRequest",
                _id(),
            ),
            "delete": _operation(
                "deleteWebhookEndpoint",
                "Delete a webhook endpoint",
                "For good; nothing more is sent to it.",
                json_answer("It is gone.", "DeletedWebhookEndpoint"),
                _id(),
            ),
        },
        _ONE + "/rotate_secret": {
            "post": _posting(
                "rotateWebhookSecret",
                "Make a new signing secret",
                "The answer shows it, this once.",
                json_answer("The endpoint, and its secret.", "NewWebhookEndpoint"),
                "RotateWebhookSecretRequest",
                _id(),
            )
        },
        _ONE + "/test": {
            "post": _posting(
                "testWebhookEndpoint",
                "Send a sample event",
                "Once and at once, of a job that does not exist. An endpoint that does not answer within "
                f"{TIMEOUT_S:g} seconds is a 400 (`webhook_unreachable`), and so is one that answers anything but a "
                "2xx (`webhook_test_failed`, with the status in the message). A project may send "
                f"{OF_TESTS.most} tests a minute (429, with `retry-after`).",
                json_answer("What the endpoint answered.", "WebhookTest"),
                "WebhookTestRequest",
                _id(),
            )
        },
        _ONE + "/deliveries": {
            "get": _operation(
                "listWebhookDeliveries",
                "List deliveries",
                "Each try of the last seven days at telling the endpoint of an event, the newest first.",
                json_answer("A page.", "WebhookDeliveryList"),
                _id(),
                *page_parameters(),
            )
        },
    }


def _operation(operation_id: str, summary: str, description: str, answer: Schema, *parameters: Schema) -> Schema:
    found = {"parameters": list(parameters)} if parameters else {}
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": description,
        **found,
        "responses": {"200": answer, **refusals(_READING)},
    }


def _posting(
    operation_id: str, summary: str, description: str, answer: Schema, request: str, *parameters: Schema
) -> Schema:
    found = _operation(operation_id, summary, description, answer, *parameters)
    return {**found, "requestBody": json_body(request), "responses": {"200": answer, **refusals(_WRITING)}}


def _id() -> Schema:
    return parameter("webhook_endpoint_id", "path", "The id of the endpoint.")


# ---------------------------------------------------------------- objects
def webhook_schemas() -> dict[str, Schema]:
    """The objects of requests and answers, by name."""
    name = text("For people: one line of characters that can be seen.", minLength=1, maxLength=MAX_NAME)
    url = text("An https address on port 443 that is reachable from everywhere.", maxLength=MAX_URL)
    types = many(words(EVENT_TYPES, "A type of events."), "The events that it gets.", minItems=1)
    status = words(
        ENDPOINT_STATUSES,
        f"A `disabled` endpoint is sent nothing. After {MAX_UNDELIVERED_EVENTS} events in a row that were given up, "
        "an endpoint is disabled.",
    )
    endpoint: dict[str, Schema] = {
        "id": text("Its id. Ids sort by creation."),
        "object": constant("webhook_endpoint"),
        "name": text("For people."),
        "url": text("Where events are sent."),
        "event_types": many(words(EVENT_TYPES, "A type of events."), "The events that it gets."),
        "status": status,
        "signing_secret_hint": text("The last characters of its signing secret."),
        "created_at": integer("When it was created, in unix seconds."),
        "updated_at": integer("When it, or its secret, was changed last, in unix seconds."),
    }
    made = {**endpoint, "signing_secret": text("`whsec_…`, shown this once.")}
    keep: Schema = {
        "type": "boolean",
        "description": "Sign with the old secret, too, for a day. Without it the old one is good for nothing.",
        "default": False,
    }
    return {
        "WebhookEndpointRequest": _request(
            "A new endpoint.", "name url event_types", {"name": name, "url": url, "event_types": types}
        ),
        "WebhookEndpointUpdateRequest": _request(
            "What to change.", "", {"name": name, "url": url, "event_types": types, "status": status}
        ),
        "RotateWebhookSecretRequest": _request("May be left out.", "", {"keep_old_secret_active_for_24_hours": keep}),
        "WebhookTestRequest": _request(
            "What to send.", "event_type", {"event_type": words(EVENT_TYPES, "Wanted by the endpoint or not.")}
        ),
        "WebhookEndpoint": complete("A webhook endpoint.", endpoint),
        "NewWebhookEndpoint": complete("A webhook endpoint with its signing secret.", made),
        "WebhookEndpointList": page_of("WebhookEndpoint"),
        "DeletedWebhookEndpoint": complete(
            "What was deleted.",
            {
                "id": text("The id that it had."),
                "object": constant("webhook_endpoint.deleted"),
                "deleted": {"const": True},
            },
        ),
        "WebhookTest": complete(
            "How a test went.",
            {
                "object": constant("webhook_endpoint.test"),
                "webhook_endpoint_id": text("The endpoint."),
                "event_type": text("What was sent."),
                "status_code": integer("What the endpoint answered: a 2xx."),
                "success": {"const": True},
            },
        ),
        "WebhookEventTypes": complete(
            "Types of events.", {"object": constant("list"), "data": many({"type": "string"}, "All of them.")}
        ),
        "WebhookDelivery": _delivery(),
        "WebhookDeliveryList": page_of("WebhookDelivery"),
    }


def _delivery() -> Schema:
    data = record("As in the event.", "id", {"id": text("The job.")})
    return complete(
        "One try at telling an endpoint of an event. What was sent and answered is not kept.",
        {
            "id": text("Its id."),
            "object": constant("webhook_endpoint.delivery"),
            "event_id": text("The event's: the `webhook-id` of each try at it."),
            "event_type": text("The event's type."),
            "data": data,
            "attempt": integer("Which try at this event it was, from 1."),
            "status_code": or_null(integer("What the endpoint answered; null if it did not.")),
            "error": or_null(text("`timeout`, `unreachable` or `address_refused`; null if the endpoint answered.")),
            "created_at": integer("When it was, in unix seconds."),
            "next_attempt_at": or_null(integer("When the next one is due; null if there is none.")),
        },
    )


def _request(description: str, required: str, fields: dict[str, Schema]) -> Schema:
    return record(description, required, fields, additionalProperties=False)
