"""A DynamoDB table in memory, for what money does with one: many times as fast as moto, and with short pages.

It knows the expressions that the gateway writes to accounts, ledger, aggregates and jobs, and refuses any other, and
those that are too long, and items that are too large.
tests/unit/aws/test_table.py holds it against moto.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from tests.fakes.dynamodb_limits import refuse_empty_parameters, refuse_large_item, refuse_long_expressions

Item = dict[str, Any]
Key = tuple[str, str]

_EXISTS: Final = re.compile(r"attribute_(not_)?exists\(([\w.#]+)\)")
_COMPARED: Final = re.compile(r"(size\()?([\w.#]+)\)? (=|<=|<|>) (:\w+)")
_AMONG: Final = re.compile(r"([\w.#]+) IN \((.+)\)")
_CONTAINS: Final = re.compile(r"(NOT )?contains\((#?\w+), (:\w+)\)")
_UNLESS_THERE: Final = re.compile(r"if_not_exists\((\w+), (:\w+)\)")
_CHANGE: Final = re.compile(r", (?!:)")  # not within if_not_exists
_CLAUSE: Final = re.compile(r"(SET|ADD|REMOVE|DELETE) (.+?)(?= (?:SET|ADD|REMOVE|DELETE) |$)")


class FakeDynamoDB:
    """The client of one table. Queries answer `page` items at a time, batches leave some keys for the next call."""

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
        if arguments["KeyConditionExpression"] != "pk = :pk":
            assert arguments["KeyConditionExpression"] == "pk = :pk AND sk BETWEEN :low AND :high"
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
        self._check(Item, arguments)
        refuse_large_item(Item)
        self._put(_copy(Item))
        return {"ResponseMetadata": {}}

    def update_item(self, *, Key: Item, UpdateExpression: str, **arguments: Any) -> Item:  # noqa: N803
        refuse_long_expressions({"UpdateExpression": UpdateExpression} | arguments)
        refuse_empty_parameters(arguments)
        self._check(Key, arguments)
        item = _copy(self._items.get(_key(Key), Key))
        clauses = _CLAUSE.findall(UpdateExpression)
        assert " ".join(f"{verb} {changes}" for verb, changes in clauses) == UpdateExpression
        for verb, changes in clauses:
            for change in _CHANGE.split(changes):
                _change(item, verb, change, arguments)
        refuse_large_item(item)
        self._put(item)
        return {"Attributes": _copy(item), "ResponseMetadata": {}}

    def delete_item(self, *, Key: Item, **arguments: Any) -> Item:  # noqa: N803
        self._check(Key, arguments)
        if self._items.pop(_key(Key), None) is not None:
            self._places[Key["pk"]["S"]].remove(Key["sk"]["S"])
        return {"ResponseMetadata": {}}

    def _put(self, item: Item) -> None:
        partition, place = _key(item)
        if (partition, place) not in self._items:
            insort(self._places.setdefault(partition, []), place)
        self._items[partition, place] = item

    def _check(self, key: Item, arguments: Mapping[str, Any]) -> None:
        old = self._items.get(_key(key))
        condition = arguments.get("ConditionExpression")
        if condition is not None and not _holds(condition, old or {}, arguments):
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}, "ResponseMetadata": {}}
            if arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and old is not None:
                answer["Item"] = _copy(old)
            raise ClientError(answer, "a conditional write")


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _copy(item: Item) -> Item:
    """A copy whose maps can be changed; their members are never changed."""
    return {name: {"M": dict(value["M"])} if "M" in value else value for name, value in item.items()}


def _place(item: Item, path: str, arguments: Mapping[str, Any]) -> tuple[Item, str]:
    """The map that a path leads into, and the name in it."""
    names = arguments.get("ExpressionAttributeNames", {})
    *above, name = (names[part] if part.startswith("#") else part for part in path.split("."))
    for part in above:
        item = item[part]["M"]
    return item, name


def _change(item: Item, verb: str, change: str, arguments: Mapping[str, Any]) -> None:
    path, *rest = change.split(" ")
    where, name = _place(item, path, arguments)
    if verb == "REMOVE":
        where.pop(name, None)
        return
    if unless_there := _UNLESS_THERE.search(change):
        if unless_there[1] in where:
            return
        rest = [unless_there[2]]
    value = arguments["ExpressionAttributeValues"][rest[-1]]
    for kind in ("NS", "SS"):
        if kind in value:
            _change_set(where, name, verb, kind, value[kind])
            return
    if verb == "ADD":
        value = {"N": str(int(where.get(name, {"N": "0"})["N"]) + int(value["N"]))}
    where[name] = value


def _change_set(where: Item, name: str, verb: str, kind: str, members: list[str]) -> None:
    """Add members to a set or delete them; DynamoDB keeps no empty set."""
    there = set(where.pop(name, {kind: ()})[kind])
    changed = there | set(members) if verb == "ADD" else there - set(members)
    if changed:
        where[name] = {kind: sorted(changed)}


def _holds(condition: str, item: Item, arguments: Mapping[str, Any]) -> bool:
    """Terms joined by OR, in parentheses where there are several groups, and groups joined by AND."""
    groups = condition.split(" AND ")
    return all(
        any(_term_holds(term, item, arguments) for term in re.sub(r"^\((.* OR .*)\)$", r"\1", group).split(" OR "))
        for group in groups
    )


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
    where, name = _place(item, compared[2], arguments)
    if name not in where:
        return False
    ((_, value),) = where[name].items()
    ((kind, wanted),) = values[compared[4]].items()
    one, other = (len(value) if compared[1] else value), wanted
    if kind == "N":
        one, other = int(one), int(other)
    return bool({"=": one == other, "<=": one <= other, "<": one < other, ">": one > other}[compared[3]])
