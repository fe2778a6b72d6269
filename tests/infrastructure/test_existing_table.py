"""A stack can go on with a table that it has not made: nothing depends on its own, where that is not made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from local.intrinsics import Resolver

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/restored-2026"


def _uses(node: Any, inside: bool = False) -> Iterator[tuple[bool, Any]]:
    """Every mention of the table's resource, and whether it is the first choice of a condition MakesTable."""
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


def test_every_use_of_the_table_has_its_other_choice(source: dict[str, Any]) -> None:
    assert source["Resources"]["Table"]["Condition"] == "MakesTable"
    parts = [source[part] for part in ("Globals", "Resources", "Outputs")]
    uses = list(_uses(parts))
    assert len(uses) > 80
    assert [use for inside, use in uses if not inside] == []


def test_the_other_choice_is_the_same_of_the_existing_table(source: dict[str, Any]) -> None:
    of_its_own = "arn:aws:dynamodb:eu-central-1:123456789012:table/own"
    values = Resolver({"Table": "own", "ExistingTableArn": ARN}, {"Table.Arn": of_its_own}, {}, {})
    pairs = {
        (values.resolve(own), values.resolve(existing))
        for own, existing in _choices([source["Resources"], source["Outputs"]])
    }
    assert pairs == {
        ("own", "restored-2026"),
        (of_its_own, ARN),
        (f"{of_its_own}/index/open_holds", f"{ARN}/index/open_holds"),
    }


def test_the_other_choice_has_a_value_also_where_there_is_no_existing_table(source: dict[str, Any]) -> None:
    # Whether CloudFormation computes a choice that is not taken is not documented; a list that is too short fails.
    values = Resolver({"ExistingTableArn": ""}, {}, {}, {})
    for _, existing in _choices([source["Resources"], source["Outputs"]]):
        assert "/" not in values.resolve(existing).removesuffix("/index/open_holds")


def test_the_parameter_takes_an_arn_of_a_table_or_nothing(source: dict[str, Any]) -> None:
    pattern = source["Parameters"]["ExistingTableArn"]["AllowedPattern"]
    for good in ("", ARN, "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/a_b.c-d"):
        assert re.fullmatch(pattern, good)
    for wrong in ("restored-2026", f"{ARN}/index/open_holds", f"{ARN}/stream/1", "arn:aws:s3:::bucket"):
        assert not re.fullmatch(pattern, wrong)
