"""A DynamoDB table in memory: many times as fast as moto, and with short pages.

It knows the expressions that the gateway writes, and refuses any other, as DynamoDB refuses those that are too long,
and items that are too large. Tests of the stores run against it and against moto, `tables.either` in
tests/unit/metering.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from tests.fakes.dynamodb_limits import (
    refuse_empty_parameters,
    refuse_empty_sets,
    refuse_large_item,
    refuse_long_expressions,
    refuse_wrong_words,
)

Item = dict[str, Any]
Key = tuple[str, str]

_EXISTS: Final = re.compile(r"attribute_(not_)?exists\(([\w.#]+)\)")
_COMPARED: Final = re.compile(r"(size\()?([\w.#:]+)\)? (=|<=|<|>) (:\w+)")
_AMONG: Final = re.compile(r"([\w.#]+) IN \((.+)\)")
_CONTAINS: Final = re.compile(r"(NOT )?contains\((#?\w+), (:\w+)\)")
_UNLESS_THERE: Final = re.compile(r"if_not_exists\(([\w.#]+), (:\w+)\)")
_ZERO: Final = {"N": "0"}
_CHANGE: Final = re.compile(r", (?!:)")  # not within if_not_exists
_BEHIND: Final = re.compile(r"pk = :pk AND sk ([<>]) :after")
_MOST_ACTIONS: Final = 100
_CLAUSE: Final = re.compile(r"(SET|ADD|REMOVE|DELETE) (.+?)(?= (?:SET|ADD|REMOVE|DELETE) |$)")


class ConditionalCheckFailedException(ClientError):
    """A condition did not hold."""


class TransactionCanceledException(ClientError):
    """Nothing of a transaction was written."""


class Exceptions:
    """Where botocore's clients have their errors."""

    ConditionalCheckFailedException = ConditionalCheckFailedException
    TransactionCanceledException = TransactionCanceledException


class FakeDynamoDB:
    """The client of one table. Queries answer `page` items at a time, batches leave some keys for the next call."""

    exceptions = Exceptions

    def __init__(self, page: int = 3) -> None:
        self._items: dict[Key, Item] = {}
        self._places: dict[str, list[str]] = {}
        self._page = page

    def get_item(self, *, Key: Item, **_: Any) -> Item:  # noqa: N803 - DynamoDB's name
        item = self._items.get(_key(Key))
        return {} if item is None else {"Item": _copy(item)}

    def batch_get_item(self, *, RequestItems: dict[str, Item]) -> Item:  # noqa: N803
        ((table, wanted),) = RequestItems.items()
        keys = [_key(key) for key in wanted["Keys"]]
        assert len(set(keys)) == len(keys) <= 100
        served, left = wanted["Keys"][: self._page * 5], wanted["Keys"][self._page * 5 :]
        found = [_copy(self._items[_key(key)]) for key in served if _key(key) in self._items]
        return {"Responses": {table: found}, "UnprocessedKeys": {table: {"Keys": left}} if left else {}}

    def query(self, *, ExpressionAttributeValues: Item, **arguments: Any) -> Item:  # noqa: N803
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        if "IndexName" in arguments:
            return self._query_index(arguments["KeyConditionExpression"].removesuffix(" = :value"), values[":value"])
        partition, places = values[":pk"], self._places.get(values[":pk"], [])
        first, last = 0, len(places)
        condition = arguments["KeyConditionExpression"]
        if behind := _BEHIND.fullmatch(condition):
            after = values[":after"]
            assert after, "DynamoDB refuses an empty key"
            first, last = (bisect_right(places, after), last) if behind[1] == ">" else (0, bisect_left(places, after))
        elif condition != "pk = :pk":
            assert condition == "pk = :pk AND sk BETWEEN :low AND :high"
            assert values[":low"] <= values[":high"], "DynamoDB refuses such a query"
            first, last = bisect_left(places, values[":low"]), bisect_right(places, values[":high"])
        page, forward = min(self._page, arguments.get("Limit", self._page)), arguments.get("ScanIndexForward", True)
        if "ExclusiveStartKey" in arguments:
            after = arguments["ExclusiveStartKey"]["sk"]["S"]
            first, last = (bisect_right(places, after), last) if forward else (first, bisect_left(places, after))
        found = places[first:last] if forward else places[first:last][::-1]
        shown = found[:page]
        answer: Item = {"Items": [_copy(self._items[partition, place]) for place in shown]}
        if len(found) > page:
            answer["LastEvaluatedKey"] = {"pk": {"S": partition}, "sk": {"S": shown[-1]}}
        return answer

    def _query_index(self, attribute: str, value: str) -> Item:
        """The keys of the items with this value: the one index is of keys only."""
        found = (item for item in self._items.values() if item.get(attribute) == {"S": value})
        return {"Items": [{name: item[name] for name in ("pk", "sk", attribute)} for item in found]}

    def scan(self, **_: Any) -> Item:
        return {"Items": [_copy(self._items[key]) for key in sorted(self._items)]}

    def put_item(self, *, Item: Item, **arguments: Any) -> Item:  # noqa: N803
        refuse_empty_sets({"Item": Item})
        refuse_wrong_words(arguments)
        self._check(Item, arguments)
        refuse_large_item(Item)
        self._put(_copy(Item))
        return {"ResponseMetadata": {}}

    def update_item(self, *, Key: Item, UpdateExpression: str, **arguments: Any) -> Item:  # noqa: N803
        expressions = {"UpdateExpression": UpdateExpression} | arguments
        refuse_long_expressions(expressions)
        refuse_empty_parameters(arguments)
        refuse_empty_sets(arguments)
        refuse_wrong_words(expressions)
        self._check(Key, arguments)
        old = self._items.get(_key(Key), Key)
        item = _copy(old)
        clauses = _CLAUSE.findall(UpdateExpression)
        assert " ".join(f"{verb} {changes}" for verb, changes in clauses) == UpdateExpression
        for verb, changes in clauses:
            for change in _CHANGE.split(changes):
                _change(item, old, verb, change, arguments)
        refuse_large_item(item)
        self._put(item)
        return {"Attributes": _copy(item), "ResponseMetadata": {}}

    def delete_item(self, *, Key: Item, **arguments: Any) -> Item:  # noqa: N803
        refuse_wrong_words(arguments)
        self._check(Key, arguments)
        if self._items.pop(_key(Key), None) is not None:
            self._places[Key["pk"]["S"]].remove(Key["sk"]["S"])
        return {"ResponseMetadata": {}}

    def transact_write_items(self, *, TransactItems: list[dict[str, Item]]) -> Item:  # noqa: N803
        actions = [each for action in TransactItems for each in action.items()]
        keys = [_key(action.get("Key") or action["Item"]) for _, action in actions]
        assert len(set(keys)) == len(keys) <= _MOST_ACTIONS, "DynamoDB refuses such a transaction"
        reasons = [
            {"Code": "None"} if self._allows(action) else {"Code": "ConditionalCheckFailed"} for _, action in actions
        ]
        if any(reason["Code"] != "None" for reason in reasons):
            answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise TransactionCanceledException(answer, "TransactWriteItems")
        calls: dict[str, Any] = {"Put": self.put_item, "Update": self.update_item, "Delete": self.delete_item}
        for kind, action in actions:
            if kind != "ConditionCheck":
                calls[kind](**action)
        return {"ResponseMetadata": {}}

    def _allows(self, action: Item) -> bool:
        try:
            self._check(action.get("Key") or action["Item"], action)
        except ConditionalCheckFailedException:
            return False
        return True

    def _put(self, item: Item) -> None:
        partition, place = _key(item)
        if (partition, place) not in self._items:
            insort(self._places.setdefault(partition, []), place)
        self._items[partition, place] = item

    def _check(self, key: Item, arguments: Mapping[str, Any]) -> None:
        old = self._items.get(_key(key))
        condition = arguments.get("ConditionExpression")
        if condition is not None and not _holds(_parsed(condition), old or {}, arguments):
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}, "ResponseMetadata": {}}
            if arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and old is not None:
                answer["Item"] = _copy(old)
            raise ConditionalCheckFailedException(answer, "a conditional write")


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _copy(item: Item) -> Item:
    """A copy whose maps can be changed; nobody changes what lies in them."""
    return {name: {"M": dict(value["M"])} if "M" in value else value for name, value in item.items()}


def _place(item: Item, path: str, arguments: Mapping[str, Any]) -> tuple[Item, str]:
    """The map that a path leads into, and the name in it."""
    names = arguments.get("ExpressionAttributeNames", {})
    *above, name = (names[part] if part.startswith("#") else part for part in path.split("."))
    for part in above:
        item = item[part]["M"]
    return item, name


def _change(item: Item, old: Item, verb: str, change: str, arguments: Mapping[str, Any]) -> None:
    """Make one change of an update; what it sets something to is of the item before the update."""
    values = arguments.get("ExpressionAttributeValues", {})
    path, _, operand = change.partition(" ")
    where, name = _place(item, path, arguments)
    if verb == "REMOVE":
        assert not operand, change
        where.pop(name, None)
    elif verb == "SET":
        where[name] = _result(operand.removeprefix("= "), old, arguments)
    elif (kind := next(iter(values[operand]))) in ("NS", "SS"):
        _change_set(where, name, verb, kind, values[operand][kind])
    else:
        assert verb == "ADD", change
        where[name] = _sum(where.get(name, _ZERO), values[operand])


def _result(operand: str, old: Item, arguments: Mapping[str, Any]) -> Item:
    """What a SET makes of something: a value, another attribute, their sum, or a value if there is none."""
    values = arguments["ExpressionAttributeValues"]
    if unless_there := _UNLESS_THERE.fullmatch(operand):
        where, name = _place(old, unless_there[1], arguments)
        found: Item = where.get(name, values[unless_there[2]])
        return found
    terms = [values[term] if term in values else _attribute(old, term, arguments) for term in operand.split(" + ")]
    return terms[0] if len(terms) == 1 else _sum(*terms)


def _attribute(item: Item, path: str, arguments: Mapping[str, Any]) -> Item:
    where, name = _place(item, path, arguments)
    found: Item = where[name]
    return found


def _sum(one: Item, other: Item) -> Item:
    return {"N": str(int(one["N"]) + int(other["N"]))}


def _change_set(where: Item, name: str, verb: str, kind: str, members: list[str]) -> None:
    """Add members to a set or delete them; DynamoDB keeps no empty set."""
    there = set(where.pop(name, {kind: ()})[kind])
    changed = there | set(members) if verb == "ADD" else there - set(members)
    if changed:
        where[name] = {kind: sorted(changed)}


Condition = str | tuple[str, tuple["Condition", ...]]


def _holds(condition: Condition, item: Item, arguments: Mapping[str, Any]) -> bool:
    """Terms, joined by AND and OR."""
    if isinstance(condition, str):
        return _term_holds(condition, item, arguments)
    joint, parts = condition
    return (any if joint == " OR " else all)(_holds(part, item, arguments) for part in parts)


@functools.lru_cache(4_096)
def _parsed(condition: str) -> Condition:
    """A condition as a tree: AND binds closer than OR, and parentheses closest."""
    for joint in (" OR ", " AND "):
        parts = _split(condition, joint)
        if len(parts) > 1:
            return joint, tuple(_parsed(part) for part in parts)
    return _parsed(condition[1:-1]) if condition.startswith("(") else condition


def _split(condition: str, joint: str) -> list[str]:
    """The parts of a condition between the joints that are in no parentheses."""
    parts = [""]
    for piece in condition.split(joint):
        if parts[-1].count("(") == parts[-1].count(")") and parts[-1]:
            parts.append(piece)
        else:
            parts[-1] += (joint if parts[-1] else "") + piece
    return parts


def _term_holds(term: str, item: Item, arguments: Mapping[str, Any]) -> bool:
    if exists := _EXISTS.fullmatch(term):
        where, name = _place(item, exists[2], arguments) if item else (item, exists[2])
        return (name in where) != bool(exists[1])
    values = arguments.get("ExpressionAttributeValues", {})
    if among := _AMONG.fullmatch(term):
        where, name = _place(item, among[1], arguments)
        return where.get(name) in [values[wanted] for wanted in among[2].split(", ")]
    if contains := _CONTAINS.fullmatch(term):
        where, name = _place(item, contains[2], arguments)
        ((kind, wanted),) = values[contains[3]].items()
        return (wanted in where.get(name, {}).get(f"{kind}S", ())) != bool(contains[1])
    compared = _COMPARED.fullmatch(term)
    assert compared, term
    where, name = (values, compared[2]) if compared[2] in values else _place(item, compared[2], arguments)
    if name not in where:
        return False
    ((_, value),) = where[name].items()
    ((kind, wanted),) = values[compared[4]].items()
    one, other = (len(value) if compared[1] else value), wanted
    if kind == "N":
        one, other = int(one), int(other)
    return bool({"=": one == other, "<=": one <= other, "<": one < other, ">": one > other}[compared[3]])
