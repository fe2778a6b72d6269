"""What operators may do with the webhook endpoints of a project."""

from __future__ import annotations

from typing import Final

from reference.openapi.build import Schema
from reference.openapi.operations import READING, json_answer, page_parameters, parameter, refusals

_ALL: Final = "/organization/projects/{project_id}/webhook_endpoints"


def project_webhook_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    project = parameter("project_id", "path", "The id of the project.")
    return {
        _ALL: {
            "get": _operation(
                "listProjectWebhookEndpoints",
                "List the webhook endpoints of a project",
                "Of an archived one, too: it is sent nothing any more. In order of creation.",
                json_answer("A page.", "WebhookEndpointList"),
                project,
                *page_parameters(),
            )
        },
        _ALL + "/{webhook_endpoint_id}": {
            "delete": _operation(
                "deleteProjectWebhookEndpoint",
                "Delete a webhook endpoint of a project",
                "For good; nothing more is sent to it.",
                json_answer("It is gone.", "DeletedWebhookEndpoint"),
                project,
                parameter("webhook_endpoint_id", "path", "The id of the endpoint."),
            )
        },
    }


def _operation(operation_id: str, summary: str, description: str, answer: Schema, *parameters: Schema) -> Schema:
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": f"{description} Needs an admin key.",
        "security": [{"adminKey": []}],
        "parameters": list(parameters),
        "responses": {"200": answer, **refusals((*READING, 503))},
    }
