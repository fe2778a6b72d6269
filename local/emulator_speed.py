"""Makes MiniStack faster without a change of what it answers: a request to the gateway waits for its calls."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final, NoReturn

_DISTINCT_POLICIES: Final = 256


def install() -> None:
    """Replace two functions of MiniStack. Exits if its version does not have them."""
    from ministack.core import iam_evaluator
    from ministack.services import dynamodb

    parse: Callable[[Any], list[Any]] | None = getattr(iam_evaluator, "parse_policy_document", None)
    if parse is None or list(inspect.signature(parse).parameters) != ["doc"]:
        _refuse("core.iam_evaluator.parse_policy_document")
    if getattr(dynamodb, "copy", None) is not copy:
        _refuse("services.dynamodb.copy")
    # MiniStack parses every policy of the caller's role twice per request. A changed policy is another text.
    iam_evaluator.parse_policy_document = parsed_once(parse)
    # MiniStack copies an item several times per write, and Python's own copy keeps a record of every part.
    dynamodb.copy = SimpleNamespace(copy=copy.copy, deepcopy=copied)


def parsed_once(parse: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    """Return `parse` with a memory for texts. Its results must not be changed, and MiniStack does not change them."""
    remembered = functools.lru_cache(_DISTINCT_POLICIES)(parse)

    def parse_policy_document(doc: Any) -> list[Any]:
        return remembered(doc) if isinstance(doc, str) else parse(doc)

    return parse_policy_document


def copied(value: Any) -> Any:
    """Return a deep copy of a value. JSON is copied several times as fast as by `copy.deepcopy`."""
    kind = type(value)
    if kind is dict:
        return {name: copied(part) for name, part in value.items()}
    if kind is list:
        return [copied(part) for part in value]
    if kind is str:
        return value
    return copy.deepcopy(value)


def _refuse(name: str) -> NoReturn:
    sys.exit(f"this version of ministack lacks the expected {name}; install the one in requirements/local.txt")
