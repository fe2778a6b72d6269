"""SECURITY.md lists the stored data: it has a row for each place in the template where data is stored."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infrastructure.template import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "SECURITY.md").read_text("utf-8").split("## What is stored", 1)[1].splitlines()
    if line.startswith("| ")
]


def kept_in(place: str) -> dict[str, Any]:
    """The rows for a kind of place: place → how long data is stored there."""
    return {name: row[2] for row in ROWS if row[1].startswith(place) for name in re.findall(r"`([^`]+)`", row[1])}


@pytest.fixture(scope="module")
def rules(rendered: dict[str, Any]) -> dict[str, Any]:
    (bucket,) = (r["Properties"] for r in rendered.values() if r["Type"] == "AWS::S3::Bucket")
    return {rule["Prefix"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "Prefix" in rule}


def partitions(node: Any) -> set[str]:
    """The partitions of the table that the roles may access."""
    if isinstance(node, dict):
        found = node.get("dynamodb:LeadingKeys", [])
        return {found} if isinstance(found, str) else set(found).union(*map(partitions, node.values()))
    return set().union(*map(partitions, node)) if isinstance(node, list) else set()


def test_security_md_has_one_row_for_each_prefix_of_the_bucket(rules: dict[str, Any]) -> None:
    assert set(kept_in("bucket")) == set(rules)


def test_a_row_names_the_days_until_objects_expire(rules: dict[str, Any]) -> None:
    for prefix, how_long in kept_in("bucket").items():
        days = rules[prefix]["ExpirationInDays"]
        assert re.search(rf"\b{days} days?\b", how_long), prefix


def test_security_md_has_one_row_for_each_partition_of_the_table(rendered: dict[str, Any]) -> None:
    assert set(kept_in("table")) == partitions([resource.get("Properties", {}) for resource in rendered.values()])


def formats_in_code() -> Iterator[str]:
    """The beginning of each f-string in the layer."""
    for file in (ROOT / "layers" / "shared" / "audio_gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield str(node.values[0].value)


def test_security_md_has_a_row_for_each_partition_that_the_code_writes() -> None:
    written = {f"{found[0]}*" for text in formats_in_code() if (found := re.match(r"[A-Z]+(_[A-Z]+)*#", text))}
    assert written == {place for place in kept_in("table") if place.endswith("#*")}


def test_security_md_has_the_retention_of_queues_and_logs(source: dict[str, Any]) -> None:
    text = " ".join(" ".join(row) for row in ROWS)
    queues = [r["Properties"] for r in source["Resources"].values() if r["Type"] == "AWS::SQS::Queue"]
    kept = sorted(queue["MessageRetentionPeriod"] // 86_400 for queue in queues)
    assert "; ".join([f"{kept[0]} days", f"{kept[1]} days for events that could not be delivered"]) in text
    assert f"`LogRetentionDays`, {source['Parameters']['LogRetentionDays']['Default']} by default" in text
