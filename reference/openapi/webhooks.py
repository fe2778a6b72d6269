"""The operations on webhook endpoints."""

from __future__ import annotations

from typing import Final

from audio_gateway.webhooks.rate_limit import OF_TESTS
from audio_gateway.webhooks.sender import TIMEOUT_S
from audio_gateway.webhooks.webhook import MAX_ENDPOINTS
from reference.openapi.build import Schema
from reference.openapi.operations import READING, json_answer, json_body, page_parameters, parameter, refusals

_READING: Final = (*READING, 503)
_WRITING: Final = (*_READING, 409, 415)

_ALL: Final = "/webhook_endpoints"
_ONE: Final = "/webhook_endpoints/{webhook_endpoint_id}"


def webhook_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    return {
        "/webhook_event_types": {"get": _event_types()},
        _ALL: {"get": _list(), "post": _create()},
        _ONE: {"get": _retrieve(), "post": _update(), "delete": _delete()},
        _ONE + "/rotate_secret": {"post": _rotate_secret()},
        _ONE + "/test": {"post": _test()},
        _ONE + "/deliveries": {"get": _deliveries()},
    }


# ---------------------------------------------------------------- operations
def _event_types() -> Schema:
    return _operation(
        "listWebhookEventTypes",
        "List event types",
        "Lists the event types that a webhook endpoint can receive. Each reports the end of a job.",
        json_answer("The event types.", "WebhookEventTypes"),
    )


def _list() -> Schema:
    return _operation(
        "listWebhookEndpoints",
        "List webhook endpoints",
        "Lists the endpoints of the key's project, oldest first.",
        json_answer("A page of endpoints.", "WebhookEndpointList"),
        *page_parameters(),
    )


def _create() -> Schema:
    return _posting(
        "createWebhookEndpoint",
        "Create a webhook endpoint",
        "Registers a URL that receives events by POST. Events are signed according to Standard Webhooks; verify "
        "them with `webhooks.unwrap` of the SDKs. The signing secret is returned only once, in this response. A "
        f"project may have up to {MAX_ENDPOINTS} endpoints, and only one for each URL, however it is spelled (409, "
        "`webhook_url_taken`).",
        json_answer("The endpoint with its secret.", "NewWebhookEndpoint"),
        "WebhookEndpointRequest",
    )


def _retrieve() -> Schema:
    return _operation(
        "retrieveWebhookEndpoint",
        "Retrieve a webhook endpoint",
        "Returns the endpoint without its secret.",
        json_answer("The endpoint.", "WebhookEndpoint"),
        _id(),
    )


def _update() -> Schema:
    return _posting(
        "updateWebhookEndpoint",
        "Update a webhook endpoint",
        "Changes the given fields; the others stay unchanged. The change also applies to events that have not been "
        "delivered yet. Set `status` to disable or re-enable the endpoint.",
        json_answer("The endpoint.", "WebhookEndpoint"),
        "WebhookEndpointUpdateRequest",
        _id(),
    )


def _delete() -> Schema:
    return _operation(
        "deleteWebhookEndpoint",
        "Delete a webhook endpoint",
        "Permanently deletes the endpoint. No more events are sent to it.",
        json_answer("The endpoint was deleted.", "DeletedWebhookEndpoint"),
        _id(),
    )


def _rotate_secret() -> Schema:
    return _posting(
        "rotateWebhookSecret",
        "Rotate a signing secret",
        "Creates a new signing secret, which is returned only once, in this response.",
        json_answer("The endpoint with its new secret.", "NewWebhookEndpoint"),
        "RotateWebhookSecretRequest",
        _id(),
    )


def _test() -> Schema:
    return _posting(
        "testWebhookEndpoint",
        "Send a test event",
        "Sends one event immediately, about a job that does not exist. If the endpoint does not respond within "
        f"{TIMEOUT_S:g} seconds, the result is a 400 (`webhook_unreachable`). If its response is not a 2xx, the result "
        "is a 400 with the status in the message (`webhook_test_failed`). A project may send "
        f"{OF_TESTS.most} tests a minute; further ones get a 429 with `retry-after`.",
        json_answer("The result of the test.", "WebhookTest"),
        "WebhookTestRequest",
        _id(),
    )


def _deliveries() -> Schema:
    return _operation(
        "listWebhookDeliveries",
        "List deliveries",
        "Lists the delivery attempts of the last seven days, newest first.",
        json_answer("A page of attempts.", "WebhookDeliveryList"),
        _id(),
        *page_parameters(),
    )


# ---------------------------------------------------------------- parts of operations
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
