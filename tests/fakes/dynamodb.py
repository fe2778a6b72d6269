"""A DynamoDB table in memory, for what the books do with one: fifty times as fast as moto, and with short pages.

It knows the expressions that `audio_gateway.metering.table` is given by ledger, aggregates and frontier, and refuses
any other. tests/unit/metering/test_table.py holds it against moto.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

Item = dict[str, Any]
Key = tuple[str, str]

_ABSENT: Final = "attribute_not_exists(pk)"
_COMPARED: Final = re.compile(r"(#?\w+) (=|<=) (:\w+)")
_CHANGE: Final = re.compile(r"(SET|ADD) (#?\w+) (?:= )?(:\w+)")


class FakeDynamoDB:
    """The client of one table. Queries answer `page` items at a time, batches leave some keys for the next call."""

    def __init__(self, page: int = 3) -> None:
        self._items: dict[Key, Item] = {}
        self._places: dict[str, list[str]] = {}
        self._page = page

    def get_item(self, *, Key: Item, **_: Any) -> Item:  # noqa: N803 - DynamoDB's name
        item = self._items.get(_key(Key))
        return {} if item is None else {"Item": dict(item)}

    def batch_get_item(self, *, RequestItems: dict[str, Item]) -> Item:  # noqa: N803
        ((table, wanted),) = RequestItems.items()
        keys = [_key(key) for key in wanted["Keys"]]
        assert len(set(keys)) == len(keys) <= 100
        served, left = wanted["Keys"][: self._page * 5], wanted["Keys"][self._page * 5 :]
        found = [dict(self._items[_key(key)]) for key in served if _key(key) in self._items]
        return {"Responses": {table: found}, "UnprocessedKeys": {table: {"Keys": left}} if left else {}}

    def query(self, *, ExpressionAttributeValues: Item, **arguments: Any) -> Item:  # noqa: N803
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        partition, places = values[":pk"], self._places.get(values[":pk"], [])
        first, last = 0, len(places)
        if arguments["KeyConditionExpression"] != "pk = :pk":
            assert arguments["KeyConditionExpression"] == "pk = :pk AND sk BETWEEN :low AND :high"
            assert values[":low"] <= values[":high"], "DynamoDB refuses such a query"
            first, last = bisect_left(places, values[":low"]), bisect_right(places, values[":high"])
        if "ExclusiveStartKey" in arguments:
            first = bisect_right(places, arguments["ExclusiveStartKey"]["sk"]["S"])
        shown = places[first : min(last, first + self._page)]
        answer: Item = {"Items": [dict(self._items[partition, place]) for place in shown]}
        if first + self._page < last:
            answer["LastEvaluatedKey"] = {"pk": {"S": partition}, "sk": {"S": shown[-1]}}
        return answer

    def put_item(self, *, Item: Item, **arguments: Any) -> Item:  # noqa: N803
        self._check(Item, arguments)
        self._put(dict(Item))
        return {}

    def update_item(self, *, Key: Item, UpdateExpression: str, **arguments: Any) -> Item:  # noqa: N803
        self._check(Key, arguments)
        item = dict(self._items.get(_key(Key), Key))
        change = _CHANGE.fullmatch(UpdateExpression)
        assert change, UpdateExpression
        name = _name(change[2], arguments)
        value = arguments["ExpressionAttributeValues"][change[3]]
        if change[1] == "ADD":
            value = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(value["N"]))}
        item[name] = value
        self._put(item)
        return {"Attributes": dict(item)}

    def delete_item(self, *, Key: Item, **arguments: Any) -> Item:  # noqa: N803
        self._check(Key, arguments)
        if self._items.pop(_key(Key), None) is not None:
            self._places[Key["pk"]["S"]].remove(Key["sk"]["S"])
        return {}

    def _put(self, item: Item) -> None:
        partition, place = _key(item)
        if (partition, place) not in self._items:
            insort(self._places.setdefault(partition, []), place)
        self._items[partition, place] = item

    def _check(self, key: Item, arguments: Mapping[str, Any]) -> None:
        old = self._items.get(_key(key))
        condition = arguments.get("ConditionExpression")
        if condition is not None and not any(_holds(part, old, arguments) for part in condition.split(" OR ")):
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
            if arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and old is not None:
                answer["Item"] = dict(old)
            raise ClientError(answer, "a conditional write")


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _name(name: str, arguments: Mapping[str, Any]) -> str:
    return arguments["ExpressionAttributeNames"][name] if name.startswith("#") else name


def _holds(condition: str, item: Item | None, arguments: Mapping[str, Any]) -> bool:
    if condition == _ABSENT:
        return item is None
    compared = _COMPARED.fullmatch(condition)
    assert compared, condition
    if item is None or (there := item.get(_name(compared[1], arguments))) is None:
        return False
    ((kind, value),) = arguments["ExpressionAttributeValues"][compared[3]].items()
    one, other = (int(there[kind]), int(value)) if kind == "N" else (there[kind], value)
    return one == other if compared[2] == "=" else one <= other
