"""Short ways to write schemas of OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]


def reference(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str, **more: Any) -> Schema:
    """A string."""
    return {"type": "string", "description": description, **more}


def number(description: str, **more: Any) -> Schema:
    """A number."""
    return {"type": "number", "description": description, **more}


def integer(description: str, **more: Any) -> Schema:
    """A whole number."""
    return {"type": "integer", "description": description, **more}


def words(choices: Iterable[str], description: str, **more: Any) -> Schema:
    """One of a few words."""
    return {"type": "string", "enum": list(choices), "description": description, **more}


def many(items: Schema, description: str, **more: Any) -> Schema:
    """An array."""
    return {"type": "array", "items": items, "description": description, **more}


def constant(value: str | bool) -> Schema:
    """Exactly this value."""
    return {"const": value}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def record(description: str, required: str, properties: dict[str, Schema], **more: Any) -> Schema:
    """An object; `required` are the names of the fields that must be there, with spaces between them."""
    return {
        "type": "object",
        "description": description,
        "required": required.split(),
        "properties": properties,
        **more,
    }


def complete(description: str, properties: dict[str, Schema]) -> Schema:
    """An object whose fields are always there."""
    return record(description, " ".join(properties), properties)


def page_of(name: str) -> Schema:
    """A page of a list of such objects."""
    return complete(
        "A page of a list.",
        {
            "object": constant("list"),
            "data": many(reference(name), "The objects of this page."),
            "first_id": or_null(text("The id of the first one.")),
            "last_id": or_null(text("The id of the last one: what to send as `after` to get the next page.")),
            "has_more": {"type": "boolean", "description": "Whether there is a next page."},
        },
    )
