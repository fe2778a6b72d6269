"""The JSON objects that docs/operations.md documents, read from its examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.unit.docs.pages import ROOT, blocks

PAGE = (ROOT / "docs" / "operations.md").read_text()
# Fields of an example that only some commands return.
SOMETIMES = {"key": {"used", "value", "replaces"}}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _objects(each)
    elif isinstance(value, dict):
        if "object" in value:
            yield value
        for each in value.values():
            yield from _objects(each)


DOCUMENTED = {it["object"]: it for block in blocks(PAGE, "json") for it in _objects(json.loads(block))}


def assert_documented(answer: Any) -> None:
    """Check that every object has exactly the fields of its example, apart from the fields in `SOMETIMES`."""
    found = [each for each in _objects(answer) if each["object"] != "list"]
    assert found
    for each in found:
        promised = DOCUMENTED[each["object"]]
        sometimes = SOMETIMES.get(each["object"], set())
        assert promised.keys() - sometimes <= each.keys() <= promised.keys()
        for name in each.keys() & {"used", "total"}:
            assert each[name].keys() == promised[name].keys()
