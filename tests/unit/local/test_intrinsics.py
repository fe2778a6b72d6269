from __future__ import annotations

from typing import Any

import pytest

from local.intrinsics import Resolver
from local.settings import StackError

RESOLVER = Resolver(
    references={"AWS::Region": "us-east-1", "Table": "table-1", "Mode": "fast"},
    attributes={"Work.Arn": "arn:work"},
    conditions={
        "Fast": {"Fn::Equals": [{"Ref": "Mode"}, "fast"]},
        "Slow": {"Fn::Not": [{"Condition": "Fast"}]},
        "Both": {"Fn::And": [{"Condition": "Fast"}, {"Condition": "Slow"}]},
        "Either": {"Fn::Or": [{"Condition": "Fast"}, {"Condition": "Slow"}]},
    },
    mappings={"Sizes": {"us-east-1": {"big": 7}}},
)


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Table"}, "table-1"),
        ({"Fn::GetAtt": ["Work", "Arn"]}, "arn:work"),
        ({"Fn::GetAtt": "Work.Arn"}, "arn:work"),
        ({"Fn::Sub": "${AWS::Region}/${Work.Arn}/${!literal}/$context.x"}, "us-east-1/arn:work/${literal}/$context.x"),
        ({"Fn::Sub": ["${a}-${Table}", {"a": {"Ref": "Mode"}}]}, "fast-table-1"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Table"}]]}, "a/table-1"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "big"]}, 7),
        ({"Fn::If": ["Fast", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Slow", "yes", "no"]}, "no"),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ([1, {"Ref": "AWS::NoValue"}, {"a": {"Fn::If": ["Slow", 1, {"Ref": "AWS::NoValue"}]}}], [1, {}]),
        ({"Condition": {"Bool": {"x": "y"}}}, {"Condition": {"Bool": {"x": "y"}}}),
    ],
)
def test_functions_are_replaced_by_values(node: Any, value: Any) -> None:
    assert RESOLVER.resolve(node) == value


@pytest.mark.parametrize(
    "node",
    [
        {"Ref": "Gone"},
        {"Fn::GetAtt": ["Gone", "Arn"]},
        {"Fn::Sub": "${Gone}"},
        {"Fn::If": ["Gone", 1, 2]},
        {"Fn::Cidr": []},
    ],
)
def test_unknown_names_are_reported(node: Any) -> None:
    with pytest.raises(StackError, match=r"Gone|Fn::Cidr"):
        RESOLVER.resolve(node)
