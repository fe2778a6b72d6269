"""Helpers for OpenAPI 3.1 operations: their parameters, responses and errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from audio_gateway.api.http.pages import DEFAULT_LIMIT, MAX_LIMIT
from reference.openapi.build import Schema, reference

READING: Final = (400, 401, 403, 404, 405, 429, 500)
"""The statuses of the errors that any call can return."""

# Headers of every response.
_COMMON: Final = ("x-request-id", "openai-processing-ms", "openai-version", "x-content-type-options")


def parameter(name: str, place: str, description: str, **more: Any) -> Schema:
    """A parameter in `path`, `query` or `header`; a string unless `more` says otherwise."""
    schema = {"type": "string", **more}
    return {"name": name, "in": place, "required": place == "path", "description": description, "schema": schema}


def page_parameters(items: str = "objects") -> tuple[Schema, Schema]:
    """The parameters of every paged list, see `api/http/pages.py`."""
    after = parameter("after", "query", "The cursor: the `last_id` of the previous page.")
    limit = parameter(
        "limit",
        "query",
        f"The number of {items} per page.",
        type="integer",
        minimum=1,
        maximum=MAX_LIMIT,
        default=DEFAULT_LIMIT,
    )
    return after, limit


def admin_operation(
    operation_id: str,
    summary: str,
    description: str,
    answer: Schema,
    statuses: tuple[int, ...],
    parameters: Sequence[Schema],
) -> Schema:
    """An operation that requires an admin key."""
    found = {"parameters": list(parameters)} if parameters else {}
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": f"{description} Requires an admin key.",
        "security": [{"adminKey": []}],
        **found,
        "responses": {"200": answer, **refusals(statuses)},
    }


def json_body(name: str) -> Schema:
    """A JSON request body with the schema of this name."""
    return {"required": True, "content": {"application/json": {"schema": reference(name)}}}


def json_answer(description: str, name: str) -> Schema:
    """A JSON response with the schema of this name."""
    return ok(description, {"application/json": {"schema": reference(name)}})


def ok(description: str, content: Schema, *headers: str) -> Schema:
    """A response with this content by type, and these headers besides the common ones."""
    return {"description": description, "headers": named(*headers), "content": content}


def named(*names: str) -> Schema:
    """References to the common headers and to those of these names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*_COMMON, *names)}


def refusals(statuses: tuple[int, ...]) -> Schema:
    """References to the errors with these statuses."""
    return {str(status): {"$ref": f"#/components/responses/{response_name(status)}"} for status in sorted(statuses)}


def response_name(status: int) -> str:
    """The name of the component that describes all errors with this status."""
    return f"Error{status}"
