"""A stack can use an existing table: then nothing refers to the table that it would have created."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from local.intrinsics import Resolver

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/restored-2026"


def _uses(node: Any, inside: bool = False) -> Iterator[tuple[bool, Any]]:
    """Every reference to the table's resource, and whether it is in the first branch of an !If on MakesTable."""
    if isinstance(node, list):
        for each in node:
            yield from _uses(each, inside)
    elif isinstance(node, dict):
        if next(iter(node), None) == "Fn::If" and node["Fn::If"][0] == "MakesTable":
            yield from _uses(node["Fn::If"][1], inside=True)
            yield from _uses(node["Fn::If"][2])
            return
        if node.get("Ref") == "Table" or node.get("Fn::GetAtt", [""])[0] == "Table":
            yield inside, node
        if re.search(r"\$\{Table\b", json.dumps(node.get("Fn::Sub", ""))):
            yield inside, node
        for each in node.values():
            yield from _uses(each, inside)


def _choices(node: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from _choices(each)
    elif isinstance(node, dict):
        if next(iter(node), None) == "Fn::If" and node["Fn::If"][0] == "MakesTable":
            yield node["Fn::If"][1], node["Fn::If"][2]
        for each in node.values():
            yield from _choices(each)


def test_every_use_of_the_table_has_an_alternative(source: dict[str, Any]) -> None:
    assert source["Resources"]["Table"]["Condition"] == "MakesTable"
    parts = [source[part] for part in ("Globals", "Resources", "Outputs")]
    uses = list(_uses(parts))
    assert len(uses) > 80
    assert [use for inside, use in uses if not inside] == []


def test_the_alternative_is_the_same_value_of_the_existing_table(source: dict[str, Any]) -> None:
    own_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/own"
    values = Resolver({"Table": "own", "ExistingTableArn": ARN}, {"Table.Arn": own_arn}, {}, {})
    pairs = {
        (values.resolve(own), values.resolve(existing))
        for own, existing in _choices([source["Resources"], source["Outputs"]])
    }
    assert pairs == {
        ("own", "restored-2026"),
        (own_arn, ARN),
        (f"{own_arn}/index/open_holds", f"{ARN}/index/open_holds"),
    }


def test_the_alternative_can_be_evaluated_without_an_existing_table(source: dict[str, Any]) -> None:
    # Whether CloudFormation evaluates the other branch is not documented; !Select fails on a list that is too short.
    values = Resolver({"ExistingTableArn": ""}, {}, {}, {})
    for _, existing in _choices([source["Resources"], source["Outputs"]]):
        assert "/" not in values.resolve(existing).removesuffix("/index/open_holds")


def test_the_parameter_accepts_a_table_arn_or_nothing(source: dict[str, Any]) -> None:
    pattern = source["Parameters"]["ExistingTableArn"]["AllowedPattern"]
    for good in ("", ARN, "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/a_b.c-d"):
        assert re.fullmatch(pattern, good)
    for wrong in ("restored-2026", f"{ARN}/index/open_holds", f"{ARN}/stream/1", "arn:aws:s3:::bucket"):
        assert not re.fullmatch(pattern, wrong)
