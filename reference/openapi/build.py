"""Short ways to write schemas of OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Schema = dict[str, Any]


def listed(names: Sequence[str]) -> str:
    """The names as a sentence lists them."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


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
    """An integer."""
    return {"type": "integer", "description": description, **more}


def words(choices: Iterable[str], description: str, **more: Any) -> Schema:
    """A string out of these choices."""
    return {"type": "string", "enum": list(choices), "description": description, **more}


def many(items: Schema, description: str, **more: Any) -> Schema:
    """An array."""
    return {"type": "array", "items": items, "description": description, **more}


def constant(value: str | bool) -> Schema:
    """A single permitted value."""
    return {"const": value}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def record(description: str, required: str, properties: dict[str, Schema], **more: Any) -> Schema:
    """An object; `required` names the fields that must be present, separated by spaces."""
    return {
        "type": "object",
        "description": description,
        "required": required.split(),
        "properties": properties,
        **more,
    }


def complete(description: str, properties: dict[str, Schema]) -> Schema:
    """An object whose fields are always present."""
    return record(description, " ".join(properties), properties)


def page_of(name: str) -> Schema:
    """One page of a list of these objects."""
    return complete(
        f"A page of `{name}` objects.",
        {
            "object": constant("list"),
            "data": many(reference(name), "The objects on this page."),
            "first_id": or_null(text("The id of the first object; null if the page is empty.")),
            "last_id": or_null(text("The id of the last object; send it as `after` to get the next page.")),
            "has_more": {"type": "boolean", "description": "Whether there are more objects after this page."},
        },
    )
