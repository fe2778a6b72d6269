"""Short ways to write operations of OpenAPI 3.1: their parameters, answers and refusals."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.api.http.pages import DEFAULT_LIMIT, MAX_LIMIT
from reference.openapi.build import Schema, reference

READING: Final = (400, 401, 403, 404, 405, 429, 500)
"""What any call can be refused with."""

# Headers that every answer has.
_COMMON: Final = ("x-request-id", "openai-processing-ms", "openai-version", "x-content-type-options")


def parameter(name: str, place: str, description: str, **more: Any) -> Schema:
    """A parameter in `path`, `query` or `header`; a string unless `more` says otherwise."""
    schema = {"type": "string", **more}
    return {"name": name, "in": place, "required": place == "path", "description": description, "schema": schema}


def page_parameters(items: str = "objects") -> tuple[Schema, Schema]:
    """Those of every list that is read page by page, see `api/http/pages.py`."""
    after = parameter("after", "query", "The `last_id` of the previous page.")
    limit = parameter(
        "limit",
        "query",
        f"How many {items} a page has.",
        type="integer",
        minimum=1,
        maximum=MAX_LIMIT,
        default=DEFAULT_LIMIT,
    )
    return after, limit


def json_body(name: str) -> Schema:
    """A request body that is the schema of this name."""
    return {"required": True, "content": {"application/json": {"schema": reference(name)}}}


def json_answer(description: str, name: str) -> Schema:
    """An answer that is the schema of this name."""
    return ok(description, {"application/json": {"schema": reference(name)}})


def ok(description: str, content: Schema, *headers: str) -> Schema:
    """An answer with this content by type, and headers beside those that all have."""
    return {"description": description, "headers": named(*headers), "content": content}


def named(*names: str) -> Schema:
    """The headers of these names and those that all answers have, as references."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*_COMMON, *names)}


def refusals(statuses: tuple[int, ...]) -> Schema:
    """The errors with these statuses, as references."""
    return {str(status): {"$ref": f"#/components/responses/{response_name(status)}"} for status in sorted(statuses)}


def response_name(status: int) -> str:
    """The name of the component that describes all errors with this status."""
    return f"Error{status}"
