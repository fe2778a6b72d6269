"""Limits of DynamoDB that no emulator of it in this repository's tests knows by itself.

An expression has at most 4,096 bytes ("Constraints", expression parameters), an item 400 KB, and one item takes 1,000
write units a second: a unit for each KB of an update's larger item, before and after.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

from botocore.exceptions import ClientError

Item = dict[str, Any]

MAX_EXPRESSION: Final = 4_096
MAX_ITEM: Final = 400 * 1024
MAX_OPERATORS: Final = 300

_EXPRESSIONS: Final = ("ConditionExpression", "UpdateExpression", "KeyConditionExpression", "FilterExpression")

_OPERATOR: Final = re.compile(r"\b(?:AND|OR|NOT|BETWEEN|IN)\b|[<>=]+|[a-z_]+(?=\()|(?<= )[+-](?= )")
_WORD: Final = re.compile(r"(?<![\w#:])[A-Za-z_]\w*")
_PARAMETER: Final = re.compile(r"[#:]\w+")
_OF_EXPRESSIONS: Final = frozenset(
    {
        *("AND", "OR", "NOT", "BETWEEN", "IN", "SET", "ADD", "REMOVE", "DELETE"),
        *("size", "attribute_exists", "attribute_not_exists", "begins_with", "contains", "if_not_exists"),
    }
)


def refuse_long_expressions(arguments: Item) -> None:
    """Raise what DynamoDB answers to an expression that is too long."""
    for name in _EXPRESSIONS:
        size = len(arguments.get(name, "").encode())
        if size > MAX_EXPRESSION:
            message = f"Invalid {name}: Expression size has exceeded the maximum allowed size; expression size: {size}"
            raise _refusal(message)


def refuse_wrong_expressions(arguments: Item) -> None:
    """Raise what DynamoDB answers to words that it reserves, to unused or unknown parameters, and to many operators.

    Reserved words: "Reserved words in DynamoDB". An operator is an AND, a comparison, a function, a sum.
    """
    texts = {name: arguments[name] for name in _EXPRESSIONS if name in arguments}
    for name, text in texts.items():
        if len(_OPERATOR.findall(text)) > MAX_OPERATORS:
            raise _refusal(f"Invalid {name}: The expression contains too many operators")
    refuse_wrong_words(arguments)
    said = set(_PARAMETER.findall(" ".join(texts.values())))
    known = {*arguments.get("ExpressionAttributeNames", ()), *arguments.get("ExpressionAttributeValues", ())}
    if said != known:
        raise _refusal(f"Parameters that are unused in expressions, or not defined: {sorted(said ^ known)}")


def refuse_wrong_words(arguments: Item) -> None:
    """Raise what DynamoDB answers to words that it reserves."""
    for name in _EXPRESSIONS:
        if (text := arguments.get(name)) and (word := _reserved_word(text)):
            raise _refusal(f"Invalid {name}: Attribute name is a reserved keyword; reserved keyword: {word}")


@functools.lru_cache(1_024)
def _reserved_word(text: str) -> str | None:
    return next((word for word in set(_WORD.findall(text)) - _OF_EXPRESSIONS if word.upper() in _reserved()), None)


@functools.cache
def _reserved() -> frozenset[str]:
    from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

    return frozenset(ReservedKeywords.get_reserved_keywords())


def refuse_empty_sets(arguments: Item) -> None:
    """Raise what DynamoDB answers to a set without members."""
    values = [*arguments.get("ExpressionAttributeValues", {}).values(), *arguments.get("Item", {}).values()]
    if any(value == {kind: []} for value in values for kind in ("SS", "NS", "BS")):
        raise _refusal("One or more parameter values were invalid: An string set may not be empty")


def refuse_empty_parameters(arguments: Item) -> None:
    """Raise what DynamoDB answers to a list of names or values with nothing in it."""
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if arguments.get(name) == {}:
            raise _refusal(f"{name} must not be empty")


def refuse_large_item(item: Item) -> None:
    """Raise what DynamoDB answers to an item that has become too large."""
    if item_size(item) > MAX_ITEM:
        raise _refusal("Item size to update has exceeded the maximum allowed size")


def item_size(item: Item) -> int:
    """Bytes of an item as AWS counts them ("DynamoDB item sizes and formats")."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def write_units(item: Item) -> int:
    """What a write of an item takes."""
    return -(-item_size(item) // 1024)


def _size(value: Item) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return -(-len(content.strip("0")) // 2) + 1  # two digits in a byte, without zeros at the ends
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in content.items())
    if kind == "L":
        return 3 + sum(1 + _size(each) for each in content)
    if kind in {"NS", "SS"}:
        return sum(_size({kind[0]: each}) for each in content)
    if kind in {"BOOL", "NULL"}:
        return 1
    assert kind == "S", kind
    return len(content.encode())


def _refusal(message: str) -> ClientError:
    answer: Any = {"Error": {"Code": "ValidationException", "Message": message}, "ResponseMetadata": {}}
    return ClientError(answer, "a write")
