"""The generated pages are up to date, and the architecture page names the fields and metrics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from audio_gateway import errors, telemetry
from audio_gateway.telemetry import RequestLog
from audio_gateway.use_cases.fallback import FailedAttempt
from reference.openapi import document, error_rows
from reference.openapi.groups import GROUPS
from reference.pages import pages
from reference.samples import SAMPLES
from reference.schemas import object_fields, request_body, type_of
from tests.unit.docs.pages import ROOT, without_blocks

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()

FACTS = RequestLog(
    request_id="req_0",
    endpoint="speech",
    method="POST",
    route="/v1/audio/speech",
    key_id="key_1",
    project_id="default",
    model="talker",
    characters=1,
    audio_ms=1,
    provider_ms=1.0,
    price_microusd=1,
    disconnected=True,
    error="InvalidRequest",
    code="invalid_value",
    param="speed",
    reason="a secret is not set",
    ignored=("prompt",),
    unknown_fields=1,
    cached=True,
    replayed=True,
    requested_model="named",
    failed=[FailedAttempt("named", "acme", "ProviderTimedOut")],
)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_the_committed_page_is_what_make_docs_writes(path: Path) -> None:
    assert path.read_text() == pages()[path], f"{path.name} is out of date: run make docs"


def test_every_operation_has_a_sample() -> None:
    spec = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert set(SAMPLES) == {it["operationId"] for methods in spec["paths"].values() for it in methods.values()}


def test_every_operation_belongs_to_one_group() -> None:
    grouped = [operation_id for group in GROUPS for operation_id in group.operations]
    assert sorted(grouped) == sorted(SAMPLES)
    assert len(set(grouped)) == len(grouped)


@pytest.mark.parametrize("operation_id", SAMPLES)
def test_each_call_with_curl_follows_redirects(operation_id: str) -> None:
    """What takes longer than 29 s is a redirect: without -L, curl prints nothing and reports no error."""
    for call in re.findall(r"\bcurl .*", SAMPLES[operation_id]["sh"]):
        assert re.match(r"curl (-s )?-L ", call)


@pytest.mark.parametrize("operation_id", SAMPLES)
def test_what_is_read_from_a_variable_was_put_there_before(operation_id: str) -> None:
    order = [each for group in GROUPS for each in group.operations]
    known = {"OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY"}
    for before in order[: order.index(operation_id) + 1]:
        known |= set(re.findall(r"^([A-Z_]+)=", SAMPLES[before]["sh"], flags=re.MULTILINE))
    assert set(re.findall(r"\$([A-Z_]+)", SAMPLES[operation_id]["sh"])) <= known


def test_every_class_of_errors_has_its_row() -> None:
    classes = {
        name
        for name, it in vars(errors).items()
        if isinstance(it, type) and issubclass(it, errors.GatewayError) and it is not errors.GatewayError
    }
    assert {row.name for row in error_rows()} == classes | {"any other exception"}


def test_what_the_operator_must_mend_is_documented_as_not_tried_again() -> None:
    rows = {row.name: row for row in error_rows()}
    assert not rows["ProviderKeyRefused"].retried
    assert rows["ProviderUnavailable"].retried
    assert rows["ProviderRejected"].statuses == (400, 413, 415, 422)
    assert (rows["RequestTooLarge"].statuses, rows["RequestTooLarge"].type) == ((413,), "invalid_request_error")


@pytest.mark.parametrize("name", ["Transcription", "Translation"])
def test_a_form_that_may_be_json_is_listed_once_and_its_differences_are_named(name: str) -> None:
    form, as_json = (schemas()[f"{name}{kind}Request"] for kind in ("", "Json"))
    lines = request_body({"multipart/form-data": form, "application/json": as_json})
    assert lines[0] == "#### Request body: `multipart/form-data` or `application/json`"
    assert {line.split("`")[1].split(".")[0] for line in lines if line.startswith("| `")} == set(form["properties"])
    (note,) = (line for line in lines if line.startswith("Exactly one of"))
    assert "Exactly one of `file`, `upload_id` and `file_url` is required." in note
    assert "the same fields except `file`;" in note
    for field, schema in as_json["properties"].items():
        assert (f"`{field}`" in note.rpartition(";")[2]) == (schema.get("type") == "boolean"), field
    assert ("without `[]`" in note) == any(field.endswith("[]") for field in form["properties"])


@pytest.mark.parametrize("change", [{"properties": {}}, {"required": []}])
def test_a_json_body_with_fields_of_its_own_is_not_passed_over(change: dict[str, Any]) -> None:
    form, as_json = schemas()["TranslationRequest"], schemas()["TranslationJsonRequest"]
    with pytest.raises(ValueError, match="missing in the reference"):
        request_body({"multipart/form-data": form, "application/json": as_json | change})


def test_a_field_inside_of_a_field_is_present_where_its_own_object_requires_it() -> None:
    inner = {"required": ["there"], "properties": {"there": {"type": "string"}, "maybe": {"type": "string"}}}
    lines = object_fields({"required": [], "properties": {"outer": {"type": "object", **inner}}})
    assert lines[2:5] == [
        "| `outer` | object | optional |  |",
        "| `outer.there` | string | always |  |",
        "| `outer.maybe` | string | optional |  |",
    ]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": True}, "`true`"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 0}, "empty array"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 4}, "array of string, at most 4"),
        ({"type": ["array", "null"], "items": {"type": "string"}}, "array of string or null"),
        ({"type": "integer", "minimum": 1, "maximum": 31_536_000}, "integer, 1 to 31,536,000"),
        ({"type": "number", "minimum": 0.25, "maximum": 4.0}, "number, 0.25 to 4"),
        ({"type": "string", "maxLength": 1_000_000}, "string, at most 1,000,000 characters"),
    ],
)
def test_a_type_is_written_as_a_reader_expects(schema: dict[str, Any], expected: str) -> None:
    assert type_of(schema) == expected


def test_no_object_of_python_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    assert not re.search(r"<class|\bNone\b|\bTrue\b|\bFalse\b", without_blocks(page))


def schemas() -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"]
    return found


def section(title: str) -> str:
    return re.split(r"\n##+ ", ARCHITECTURE.split(f"\n### {title}\n", 1)[1], maxsplit=1)[0]


def first_cells(title: str) -> set[str]:
    cells = re.findall(r"^\| (`.+?) \|", section(title), flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


class _Written:
    """A logger that keeps its messages."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, message: str, *, extra: dict[str, Any]) -> None:
        self.lines.append((message, extra))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> _Written:
    fake = _Written()
    monkeypatch.setattr(telemetry, "logger", lambda: fake)
    return fake


def test_the_fields_of_the_log_line_are_the_documented_ones(written: _Written) -> None:
    telemetry.report(FACTS, status=400, elapsed_ms=1.0)
    ((message, fields),) = written.lines
    assert message == "request"
    assert set(fields) == first_cells("Log line")


def test_the_metrics_are_the_documented_ones(
    written: _Written, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "audio-gateway")
    telemetry._metrics.cache_clear()
    telemetry.report(FACTS, status=400, elapsed_ms=1.0)
    telemetry._metrics.cache_clear()
    line, *_ = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line)
    (described,) = line["_aws"]["CloudWatchMetrics"]
    documented = set(re.findall(r"^\| `(\w+)` \| (\w+) \|$", section("Metrics"), flags=re.MULTILINE))
    assert {(metric["Name"], metric["Unit"]) for metric in described["Metrics"]} == documented
    dimensions = ", ".join(f"`{name}`" for name in sorted(described["Dimensions"][0]))
    assert f"Namespace `{described['Namespace']}`, dimensions {dimensions}." in section("Metrics")
