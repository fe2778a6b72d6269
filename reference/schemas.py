"""Schemas and tables of the API reference, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reference.openapi.build import listed


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a table, followed by an empty line."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(head), line("---" for _ in head), *map(line, rows), ""]


# ---------------------------------------------------------------- objects and requests
def resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference points to."""
    name = schema["$ref"].rsplit("/", 1)[1]
    found: dict[str, Any] = spec["components"]["schemas"][name]
    return found


def object_fields(schema: dict[str, Any]) -> list[str]:
    """The table of the fields of an object in a response."""
    rows = (
        (f"`{name}`", type_of(field), "always" if required else "optional", field.get("description", ""))
        for name, field, required in _flat(schema)
    )
    return table(("field", "type", "present", "description"), rows)


def request_body(schemas: Mapping[str, dict[str, Any]]) -> list[str]:
    """The heading and the table of a request body, whose schemas are given by content type.

    A form that may also be sent as JSON is listed once, with a sentence about the differences.
    """
    first, *others = schemas.values()
    rows = (
        (f"`{name}`", type_of(field), presence(field, required=required), field.get("description", ""))
        for name, field, required in _flat(first)
    )
    heading = f"#### Request body: {' or '.join(f'`{kind}`' for kind in schemas)}"
    notes = [*_alternatives(first), *(_as_json(first, other) for other in others)]
    return [
        heading,
        "",
        *table(("field", "type", "default", "description"), rows),
        *([" ".join(notes), ""] * bool(notes)),
    ]


def _alternatives(schema: dict[str, Any]) -> list[str]:
    names = [f"`{name}`" for choice in schema.get("oneOf", ()) for name in choice["required"]]
    return [f"Exactly one of {listed(names)} is required."] if names else []


def _as_json(form: dict[str, Any], other: dict[str, Any]) -> str:
    """How a JSON body differs from the form. Raises `ValueError` for a difference that this does not describe."""
    files = [name for name, field in form["properties"].items() if field.get("format") == "binary"]
    flags = [name for name, field in form["properties"].items() if field.get("enum") == ["true", "false"]]
    arrays = [name for name in form["properties"] if name.endswith("[]")]
    expected = {name.removesuffix("[]"): field for name, field in form["properties"].items() if name not in files}
    for name in flags:
        expected[name] = {"type": "boolean", "description": expected[name]["description"], "default": False}
    if expected != other["properties"] or form["required"] != other["required"]:
        raise ValueError("the JSON body has fields of its own, which would be missing in the reference")
    differences = ["arrays are named without `[]`"] * bool(arrays)
    differences.append(
        f"{listed([f'`{name}`' for name in flags])} {'is a boolean' if len(flags) == 1 else 'are booleans'}"
    )
    absent = listed([f"`{name}`" for name in files])
    return f"A JSON body has the same fields except {absent}; {', and '.join(differences)}."


def _flat(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """The fields and whether they are required; the fields of an object inside of a field follow that field."""
    for name, field in schema["properties"].items():
        yield name, field, name in schema["required"]
        for inner in [field, *field.get("oneOf", ())]:
            if "properties" in inner:
                yield from ((f"{name}.{member}", it, required) for member, it, required in _flat(inner))


# ---------------------------------------------------------------- types
def presence(schema: dict[str, Any], *, required: bool) -> str:
    """Whether a field or parameter is required; otherwise its default."""
    if required:
        return "required"
    if "default" not in schema:
        return ""
    return f"`{_literal(schema['default'])}`"


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def type_of(schema: dict[str, Any]) -> str:
    """The type with its choices and limits."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "oneOf" in schema:
        return " or ".join(type_of(choice) for choice in schema["oneOf"])
    if "const" in schema:
        return f"`{_literal(schema['const'])}`"
    kind = schema.get("type", "")
    name, optional = (kind[0], " or null") if isinstance(kind, list) else (kind, "")
    return f"{_kind(name, schema)}{_limits(schema)}{optional}"


def _kind(name: str, schema: dict[str, Any]) -> str:
    if name == "array":
        if schema.get("maxItems") == 0:
            return "empty array"
        return f"array of {type_of(schema['items'])}"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"] if word is not None)
    return "file" if schema.get("format") == "binary" else name


def _limits(schema: dict[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f", {schema['minimum']:,.15g} to {schema['maximum']:,.15g}"
    if "minimum" in schema:
        return f", at least {schema['minimum']:,.15g}"
    if schema.get("maxItems"):
        return f", at most {schema['maxItems']:,}"
    return f", at most {schema['maxLength']:,} characters" if "maxLength" in schema else ""
