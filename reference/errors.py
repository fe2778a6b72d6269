"""The errors as documentation: a chapter of the API reference, and a table by class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import yaml

from reference.openapi import ErrorRow, error_rows
from reference.schemas import table

_ERRORS: Final = """\
## Errors

All errors have the same body, including those that API Gateway returns before a function runs:

```json
{"error": {"message": "…", "type": "invalid_request_error", "param": "voice", "code": "invalid_value"}}
```

`param` is the request field that caused the error, and `code` is the name of the error; both may be null. The official
SDKs retry automatically where the table says so (twice, unless `max_retries` says otherwise). The gateway prevents
retries with `x-should-retry: false`. A 400 can also have other codes, which name the problem with a field, such as
`string_above_max_length` or `invalid_language_format`.
"""

_BEFORE: Final = """\
API Gateway itself returns these errors, as configured in [template.yaml](../template.yaml):
"""


def errors_chapter(template: Path) -> str:
    """The chapter of docs/api.md."""
    ours = ((*_row_of(row), row.when) for row in error_rows())
    theirs = ((a.status, f"`{a.type}`", f"`{a.code}`" if a.code else "", a.name) for a in _template_answers(template))
    return "\n".join([
        _ERRORS,
        *table(("status", "`type`", "`code`", "retried", "description"), ours),
        _BEFORE,
        *table(("status", "`type`", "`code`", "gateway response"), theirs),
    ])  # fmt: skip


def errors_by_class() -> list[str]:
    """The table of docs/architecture.md."""
    rows = ((f"{'&nbsp;&nbsp;' * row.depth}`{row.name}`", *_row_of(row)) for row in error_rows())
    return table(("class", "status", "`type`", "`code`", "retried"), rows)


def _row_of(row: ErrorRow) -> tuple[str, ...]:
    statuses = ", ".join(map(str, row.statuses))
    return statuses, f"`{row.type}`", f"`{row.code}`" if row.code else "", "yes" if row.retried else "no"


class _TemplateAnswer:
    """An error that API Gateway itself returns."""

    def __init__(self, name: str, response: dict[str, Any]) -> None:
        error = json.loads(response["ResponseTemplates"]["application/json"])["error"]
        self.name = name
        self.status = str(response.get("StatusCode") or f"other {name.strip('`')[-3:].lower()}")
        self.type: str = error["type"]
        self.code: str | None = error["code"]


def _template_answers(template: Path) -> list[_TemplateAnswer]:
    resources = yaml.load(template.read_text(), Loader=_TemplateLoader)["Resources"]  # noqa: S506 - a SafeLoader
    responses = resources["Api"]["Properties"]["GatewayResponses"]
    return [_TemplateAnswer(f"`{name}`", response) for name, response in responses.items()]


class _TemplateLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # in C where it is
    """Reads a template and skips its intrinsic functions."""


def _skipped(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> None:
    """Return None for `!Ref` and the like: their values are not needed."""


_TemplateLoader.add_multi_constructor("!", _skipped)
