"""Shortcuts in MiniStack that must not change what it answers."""

from __future__ import annotations

import copy
import sys
import types
from collections import UserDict
from collections.abc import Callable
from typing import Any

import pytest

from local import emulator_speed
from local.emulator_speed import copied, parsed_once


def test_a_copy_shares_no_part_with_its_original() -> None:
    item = {"pk": {"S": "a"}, "list": {"L": [{"N": "1"}, {"NULL": True}]}, "set": {"SS": ["x"]}}

    other = copied(item)
    assert other == item
    other["list"]["L"][0]["N"] = "2"
    other["set"]["SS"].append("y")

    assert item == {"pk": {"S": "a"}, "list": {"L": [{"N": "1"}, {"NULL": True}]}, "set": {"SS": ["x"]}}


def test_values_that_are_not_json_are_copied_as_by_python() -> None:
    original = UserDict({"a": [1]})

    other = copied({"kept": original})["kept"]
    other["a"].append(2)

    assert isinstance(other, UserDict)
    assert original["a"] == [1]


def test_a_policy_is_parsed_once_and_a_changed_one_anew() -> None:
    seen: list[Any] = []

    def parse(doc: Any) -> list[Any]:
        seen.append(doc)
        return [doc]

    parse_policy_document = parsed_once(parse)

    assert [parse_policy_document(text) for text in ("allow", "allow", "deny")] == [["allow"], ["allow"], ["deny"]]
    assert seen == ["allow", "deny"]


def test_a_policy_that_is_an_object_is_parsed_each_time() -> None:
    parse_policy_document = parsed_once(lambda doc: [doc["Effect"]])
    policy = {"Effect": "Allow"}

    assert parse_policy_document(policy) == ["Allow"]
    policy["Effect"] = "Deny"
    assert parse_policy_document(policy) == ["Deny"]


def ministack(
    monkeypatch: pytest.MonkeyPatch, parse: Callable[..., Any] | None, copy_module: object
) -> types.ModuleType:
    evaluator = types.ModuleType("ministack.core.iam_evaluator")
    database = types.ModuleType("ministack.services.dynamodb")
    evaluator.parse_policy_document = parse  # type: ignore[attr-defined]
    database.copy = copy_module  # type: ignore[attr-defined]
    for package, module in (("core", evaluator), ("services", database)):
        parent = types.ModuleType(f"ministack.{package}")
        setattr(parent, module.__name__.rpartition(".")[2], module)
        monkeypatch.setitem(sys.modules, "ministack", types.ModuleType("ministack"))
        monkeypatch.setitem(sys.modules, parent.__name__, parent)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return database


def test_both_functions_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    database = ministack(monkeypatch, lambda doc: [doc], copy)

    emulator_speed.install()

    assert database.copy.deepcopy is copied


@pytest.mark.parametrize(("parse", "copy_module"), [(None, copy), (lambda doc, more: [doc, more], copy), (list, None)])
def test_another_version_of_ministack_is_refused(
    monkeypatch: pytest.MonkeyPatch, parse: Callable[..., Any] | None, copy_module: object
) -> None:
    ministack(monkeypatch, parse, copy_module)

    with pytest.raises(SystemExit, match=r"requirements/local\.txt"):
        emulator_speed.install()
