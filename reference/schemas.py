"""Schemas and tables of the reference, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a table, and an empty one."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(head), line("---" for _ in head), *map(line, rows), ""]


# ---------------------------------------------------------------- schemas
def resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    name = schema["$ref"].rsplit("/", 1)[1]
    found: dict[str, Any] = spec["components"]["schemas"][name]
    return found


def fields(schema: dict[str, Any]) -> list[str]:
    """The table of an object's fields."""
    rows = [
        (
            f"`{name}`",
            type_of(field),
            presence(field, required=name in schema["required"]),
            field.get("description", ""),
        )
        for name, field in _flat(schema["properties"])
    ]
    return table(("field", "type", "default", "meaning"), rows)


def _flat(properties: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields, and below an object written in place those that it holds."""
    for name, field in properties.items():
        yield name, field
        for inner in [field, *field.get("oneOf", ())]:
            yield from ((f"{name}.{member}", it) for member, it in _flat(inner.get("properties", {})))


def presence(schema: dict[str, Any], *, required: bool) -> str:
    """Whether a field or a parameter must be there, and what it is otherwise."""
    if required:
        return "required"
    if "default" not in schema:
        return ""
    default = schema["default"]
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def type_of(schema: dict[str, Any]) -> str:
    """The type with its words and bounds."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "oneOf" in schema:
        return " or ".join(type_of(choice) for choice in schema["oneOf"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"array of {type_of(schema['items'])}{_limits(schema)}"
    kind = schema.get("type", "")
    name, optional = (kind[0], " or null") if isinstance(kind, list) else (kind, "")
    if name == "array":
        return f"array of {type_of(schema['items'])}{optional}"
    return f"{_kind(name, schema)}{_limits(schema)}{optional}"


def _kind(name: str, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"] if word is not None)
    return "file" if schema.get("format") == "binary" else name


def _limits(schema: dict[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f", {schema['minimum']:.15g} to {schema['maximum']:.15g}"
    if "minimum" in schema:
        return f", at least {schema['minimum']:.15g}"
    if "maxItems" in schema:
        return f", at most {schema['maxItems']}"
    return f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
