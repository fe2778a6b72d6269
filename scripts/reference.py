"""The generated pages of the documentation: the OpenAPI document, the API reference, the tables of errors and packages.

`scripts/docs` (make docs) writes them; tests/unit/docs fails while the committed ones are not what this makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from audio_gateway.api.openapi import ErrorRow, document, error_rows
from scripts import house
from scripts.samples import SAMPLES

ROOT: Final = Path(__file__).resolve().parent.parent

_INTRO: Final = """\
# API reference

<!-- Written by `make docs` from layers/shared/audio_gateway/api/openapi. Do not edit. -->

{description}

The base URL is `http://127.0.0.1:8080/v1` after `make run`, and the stack's output `ApiBaseUrl` after a deployment.
Every request carries a key of this gateway: `Authorization: Bearer sk-…`. The same as a document for tools is
[openapi.json](openapi.json). The commands below expect three variables, which OpenAI's SDKs read as well; the admin key
is for what begins with `/v1/organization`:

```sh
export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=sk-... OPENAI_ADMIN_KEY=sk-admin-...
```
"""


def pages(root: Path = ROOT) -> dict[Path, str]:
    """The generated files and what belongs into them; docs/architecture.md is read for the rest of its text."""
    spec = document()
    architecture = root / "docs" / "architecture.md"
    tables = {
        "errors": "\n".join(_table_by_class()),
        "packages": "\n".join(_table(("package", "what it holds", "may import"), house.rows())),
    }
    return {
        root / "docs" / "openapi.json": json.dumps(spec, indent=2, ensure_ascii=False) + "\n",
        root / "docs" / "api.md": _api_page(spec, _template_answers(root / "template.yaml")),
        architecture: _with_blocks(architecture.read_text(), tables),
    }


def main() -> None:
    """Write them all."""
    for path, text in pages().items():
        path.write_text(text)
        print(path.relative_to(ROOT))


# ---------------------------------------------------------------- the reference
def _api_page(spec: dict[str, Any], from_template: Iterable[_TemplateAnswer]) -> str:
    parts = [_INTRO.format(description=spec["info"]["description"])]
    for path, methods in spec["paths"].items():
        parts += [_operation(spec, method, path, operation) for method, operation in methods.items()]
    parts += [_headers(spec), _errors(from_template), _objects(spec)]
    return "\n".join(parts)


def _operation(spec: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"## {operation['summary']}", "", f"`{method.upper()} /v1{path}`", "", operation["description"], ""]
    for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
        lines += [f"### Request: `{content_type}`", "", *_fields(_resolved(spec, content["schema"]))]
    if "parameters" in operation:
        lines += ["### Parameters", "", *_table(("name", "in", "meaning"), map(_parameter, operation["parameters"]))]
    lines += ["### Answers", "", *_table(("status", "what", "content"), _answers(operation)), *_refusals(operation)]
    for language, source in SAMPLES[operation["operationId"]].items():
        lines += [f"```{language}", source.strip(), "```", ""]
    return "\n".join(lines)


def _parameter(parameter: dict[str, Any]) -> tuple[str, ...]:
    return f"`{parameter['name']}`", parameter["in"], parameter["description"]


def _answers(operation: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for status, answer in operation["responses"].items():
        if "$ref" not in answer:
            content = "<br>".join(f"`{kind}`: {_body(it['schema'])}" for kind, it in answer.get("content", {}).items())
            yield status, answer["description"], content


def _body(schema: dict[str, Any]) -> str:
    return " ".join(filter(None, (_type(schema), schema.get("description"))))


def _refusals(operation: dict[str, Any]) -> list[str]:
    statuses = ", ".join(status for status, answer in operation["responses"].items() if "$ref" in answer)
    return [f"Also {statuses}, each with an [error](#errors).", ""] if statuses else []


def _headers(spec: dict[str, Any]) -> str:
    rows = ((f"`{name}`", header["description"]) for name, header in spec["components"]["headers"].items())
    return "\n".join(["## Headers of answers", "", *_table(("header", "meaning"), rows)])


def _objects(spec: dict[str, Any]) -> str:
    lines = ["## Objects", ""]
    for name, schema in spec["components"]["schemas"].items():
        if name.endswith("Request"):
            continue
        lines += [f"### {name}", "", schema["description"], ""]
        lines += _fields(schema) if "properties" in schema else [f"One of {_type(schema)}.", ""]
    return "\n".join(lines).rstrip() + "\n"


# ---------------------------------------------------------------- schemas
def _resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema["$ref"].rsplit("/", 1)[1]
    found: dict[str, Any] = spec["components"]["schemas"][name]
    return found


def _fields(schema: dict[str, Any]) -> list[str]:
    rows = [
        (f"`{name}`", _type(field), _presence(name, field, schema), field.get("description", ""))
        for name, field in _flat(schema["properties"])
    ]
    return _table(("field", "type", "", "meaning"), rows)


def _flat(properties: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields, and below an object written in place those that it holds."""
    for name, field in properties.items():
        yield name, field
        for inner in [field, *field.get("oneOf", ())]:
            yield from ((f"{name}.{member}", it) for member, it in _flat(inner.get("properties", {})))


def _presence(name: str, field: dict[str, Any], schema: dict[str, Any]) -> str:
    if name in schema["required"]:
        return "required"
    if "default" not in field:
        return ""
    default = field["default"]
    return f"default `{str(default).lower() if isinstance(default, bool) else default}`"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "oneOf" in schema:
        return " or ".join(_type(choice) for choice in schema["oneOf"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}{_limits(schema)}"
    kind = schema.get("type", "")
    name, optional = (kind[0], " or null") if isinstance(kind, list) else (kind, "")
    if name == "array":
        return f"array of {_type(schema['items'])}{optional}"
    return f"{_kind(name, schema)}{_limits(schema)}{optional}"


def _kind(name: str, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"] if word is not None)
    return "file" if schema.get("format") == "binary" else name


def _limits(schema: dict[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f", {schema['minimum']:.15g} to {schema['maximum']:.15g}"
    if "maxItems" in schema:
        return f", at most {schema['maxItems']}"
    return f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""


# ---------------------------------------------------------------- errors
_ERRORS: Final = """\
## Errors

Every error, also one that API Gateway gives before a function has run, has the same body:

```json
{"error": {"message": "…", "type": "invalid_request_error", "param": "voice", "code": "invalid_value"}}
```

`param` is the request field at fault and `code` the error by name; both may be null. The official SDKs try again by
themselves where the table says so (twice, unless `max_retries` says otherwise); `x-should-retry: false` is how the
gateway tells them not to. More codes than these come with 400: they name a field's own mistake, such as
`string_above_max_length` or `invalid_language_format`.
"""

_BEFORE: Final = """\
Answers that API Gateway gives by itself, from [template.yaml](../template.yaml):
"""


def _errors(from_template: Iterable[_TemplateAnswer]) -> str:
    ours = ((*_row_of(row), row.when) for row in error_rows())
    theirs = ((a.status, f"`{a.type}`", f"`{a.code}`" if a.code else "", a.name) for a in from_template)
    return "\n".join([
        _ERRORS,
        *_table(("status", "`type`", "`code`", "tried again", "when"), ours),
        _BEFORE,
        *_table(("status", "`type`", "`code`", "gateway response"), theirs),
    ])  # fmt: skip


def _table_by_class() -> list[str]:
    rows = ((f"{'&nbsp;&nbsp;' * row.depth}`{row.name}`", *_row_of(row)) for row in error_rows())
    return _table(("class", "status", "`type`", "`code`", "tried again"), rows)


def _row_of(row: ErrorRow) -> tuple[str, ...]:
    statuses = ", ".join(map(str, row.statuses))
    return statuses, f"`{row.type}`", f"`{row.code}`" if row.code else "", "yes" if row.retried else "no"


class _TemplateAnswer:
    """What API Gateway answers by itself: the names of the cases, and what the caller sees."""

    def __init__(self, name: str, response: dict[str, Any]) -> None:
        told = json.loads(response["ResponseTemplates"]["application/json"])["error"]
        self.name = name
        self.status = str(response.get("StatusCode", "as it is"))
        self.type: str = told["type"]
        self.code: str | None = told["code"]


def _template_answers(template: Path) -> list[_TemplateAnswer]:
    resources = yaml.load(template.read_text(), Loader=_TemplateLoader)["Resources"]  # noqa: S506 - a SafeLoader
    responses = resources["Api"]["Properties"]["GatewayResponses"]
    return [_TemplateAnswer(f"`{name}`", response) for name, response in responses.items()]


class _TemplateLoader(yaml.SafeLoader):
    """Reads a template and leaves its intrinsic functions alone."""


def _skipped(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> None:
    """`!Ref` and its like: nothing here needs their values."""


_TemplateLoader.add_multi_constructor("!", _skipped)


# ---------------------------------------------------------------- markdown
def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(head), line("---" for _ in head), *map(line, rows), ""]


def _with_blocks(page: str, blocks: Mapping[str, str]) -> str:
    """The page with each text between the comments that mark its block."""
    for name, text in blocks.items():
        begin, end = f"<!-- {name}: written by `make docs` -->\n", f"<!-- {name}: end -->"
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found_begin and found_end) or begin in after:
            raise ValueError(f"docs/architecture.md must have the block '{name}' once")
        page = f"{before}{begin}{text}{end}{after}"
    return page


if __name__ == "__main__":
    main()
