"""The operations on the webhook endpoints of a project, for operators."""

from __future__ import annotations

from typing import Final

from reference.openapi.build import Schema
from reference.openapi.operations import READING, admin_operation, json_answer, page_parameters, parameter

_ERRORS: Final = (*READING, 503)
_ALL: Final = "/organization/projects/{project_id}/webhook_endpoints"


def project_webhook_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    project = parameter("project_id", "path", "The id of the project.")
    return {
        _ALL: {
            "get": admin_operation(
                "listProjectWebhookEndpoints",
                "List the webhook endpoints of a project",
                "Lists the endpoints of the project, oldest first. Those of an archived project receive no events.",
                json_answer("A page of endpoints.", "WebhookEndpointList"),
                _ERRORS,
                [project, *page_parameters()],
            )
        },
        _ALL + "/{webhook_endpoint_id}": {
            "delete": admin_operation(
                "deleteProjectWebhookEndpoint",
                "Delete a webhook endpoint of a project",
                "Permanently deletes the endpoint. No more events are sent to it.",
                json_answer("The endpoint was deleted.", "DeletedWebhookEndpoint"),
                _ERRORS,
                [project, parameter("webhook_endpoint_id", "path", "The id of the endpoint.")],
            )
        },
    }
