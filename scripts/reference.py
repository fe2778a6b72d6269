"""The generated pages of the documentation: the OpenAPI document, the API reference, the tables of errors and packages.

`scripts/docs` (make docs) writes them; tests/unit/docs fails while the committed ones are not what this makes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from audio_gateway.api.openapi import ErrorRow, document, error_rows
from audio_gateway.api.openapi.groups import GROUPS
from scripts import house
from scripts.reference_schemas import fields, presence, resolved, table, type_of
from scripts.samples import SAMPLES
from scripts.samples_webhooks import NEEDS_A_RECEIVER, NOT_RUN

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
        "packages": "\n".join(table(("package", "what it holds", "may import"), house.rows())),
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
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    }
    parts = [_INTRO.format(description=spec["info"]["description"]), _contents(operations)]
    for group in GROUPS:
        parts.append(f"## {group.name}\n\n{group.description}\n")
        parts += [_operation(spec, *operations[operation_id]) for operation_id in group.operations]
    parts += [_headers(spec), _errors(from_template), _objects(spec)]
    return "\n".join(parts)


def _contents(operations: Mapping[str, tuple[str, str, dict[str, Any]]]) -> str:
    lines = []
    for group in GROUPS:
        names = (operations[operation_id][2]["summary"] for operation_id in group.operations)
        lines.append(f"- {_link(group.name)}: {', '.join(map(_link, names))}")
    return "\n".join([*lines, f"- {', '.join(map(_link, ('Headers of answers', 'Errors', 'Objects')))}", ""])


def _link(heading: str) -> str:
    anchor = re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
    return f"[{heading}](#{anchor})"


def _operation(spec: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"### {operation['summary']}", "", f"`{method.upper()} /v1{path}`", "", operation["description"], ""]
    for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
        lines += [f"#### Request: `{content_type}`", "", *fields(resolved(spec, content["schema"]))]
    if "parameters" in operation:
        columns = ("name", "in", "type", "default", "meaning")
        lines += ["#### Parameters", "", *table(columns, map(_parameter, operation["parameters"]))]
    for language, source in SAMPLES[operation["operationId"]].items():
        if operation["operationId"] in NOT_RUN:
            lines.append(f"<!-- not run by the tests: {NEEDS_A_RECEIVER} -->")
        lines += [f"```{language}", source.strip(), "```", ""]
    lines += ["#### Answers", "", *table(("status", "what", "content"), _answers(operation)), *_refusals(operation)]
    return "\n".join([*lines, *_example(spec, operation)])


def _parameter(parameter: dict[str, Any]) -> tuple[str, ...]:
    schema = parameter["schema"]
    return (
        f"`{parameter['name']}`",
        parameter["in"],
        type_of(schema),
        presence(schema, required=parameter["required"]),
        parameter["description"],
    )


def _answers(operation: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for status, answer in operation["responses"].items():
        if "$ref" not in answer:
            content = "<br>".join(f"`{kind}`: {_body(it['schema'])}" for kind, it in answer.get("content", {}).items())
            yield status, answer["description"], content


def _body(schema: dict[str, Any]) -> str:
    return " ".join(filter(None, (type_of(schema), schema.get("description"))))


def _example(spec: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """Of the first JSON that the operation answers with."""
    for status, answer in operation["responses"].items():
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        if schema is not None:
            example = resolved(spec, schema.get("oneOf", [schema])[0])["examples"][0]
            text = json.dumps(example, indent=2, ensure_ascii=False)
            return [f"For example, with {status}:", "", "```json", text, "```", ""]
    return []


def _refusals(operation: dict[str, Any]) -> list[str]:
    statuses = ", ".join(status for status, answer in operation["responses"].items() if "$ref" in answer)
    return [f"Also {statuses}, each with an [error](#errors).", ""] if statuses else []


def _headers(spec: dict[str, Any]) -> str:
    rows = ((f"`{name}`", header["description"]) for name, header in spec["components"]["headers"].items())
    return "\n".join(["## Headers of answers", "", *table(("header", "meaning"), rows)])


def _objects(spec: dict[str, Any]) -> str:
    lines = ["## Objects", ""]
    for name, schema in spec["components"]["schemas"].items():
        if name.endswith("Request"):
            continue
        lines += [f"### {name}", "", schema["description"], ""]
        lines += fields(schema) if "properties" in schema else [f"One of {type(schema)}.", ""]
    return "\n".join(lines).rstrip() + "\n"


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
        *table(("status", "`type`", "`code`", "tried again", "when"), ours),
        _BEFORE,
        *table(("status", "`type`", "`code`", "gateway response"), theirs),
    ])  # fmt: skip


def _table_by_class() -> list[str]:
    rows = ((f"{'&nbsp;&nbsp;' * row.depth}`{row.name}`", *_row_of(row)) for row in error_rows())
    return table(("class", "status", "`type`", "`code`", "tried again"), rows)


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


class _TemplateLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # in C where it is
    """Reads a template and leaves its intrinsic functions alone."""


def _skipped(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> None:
    """`!Ref` and its like: nothing here needs their values."""


_TemplateLoader.add_multi_constructor("!", _skipped)


# ---------------------------------------------------------------- blocks
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
