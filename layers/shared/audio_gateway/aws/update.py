"""Conditions and updates of one DynamoDB item, put together clause by clause.

Expressions are DynamoDB's own. Values are given by keyword and typed here: `require("version = :version", version=3)`.
`#status` stands for the attribute `status` unless `name` says otherwise: DynamoDB reserves many plain words.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final, Self

Item = dict[str, Any]
Value = bool | int | str | tuple[str, ...] | frozenset[int | str]

_NAME: Final = re.compile(r"#\w+")


def attribute_value(value: Value) -> Item:
    """A value as DynamoDB takes it: a tuple becomes a list, a frozenset a set, which must have members."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, tuple):
        return {"L": [{"S": each} for each in value]}
    kind = "NS" if all(isinstance(each, int) for each in value) else "SS"
    return {kind: sorted(map(str, value))}


def attributes(**values: Value | None) -> Item:
    """The attributes of an item, by name, without those that are None."""
    return {name: attribute_value(value) for name, value in values.items() if value is not None}


def item_key(pk: str, sk: str) -> Item:
    """The primary key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


class Condition:
    """What must hold for an item, or for its absence, before a write changes it."""

    def __init__(self, condition: str | None = None, **values: Value) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Item] = {}
        self._conditions: list[str] = []
        if condition is not None:
            self.require(condition, **values)

    def name(self, placeholder: str, attribute: str) -> Self:
        """Let a placeholder stand for an attribute of another name."""
        self._names[placeholder] = attribute
        return self

    def require(self, condition: str, **values: Value) -> Self:
        """Add a term; all terms must hold. Parenthesise one with an OR."""
        self._conditions.append(condition)
        for placeholder, value in values.items():
            self._value(placeholder, value)
        return self

    def require_less(self, counter: str, placeholder: str, than: int) -> Self:
        """Require that a counter, which is missing while it is 0, has not come to an amount."""
        return self.require(f"(attribute_not_exists({counter}) OR {counter} < :{placeholder})", **{placeholder: than})

    def require_fewer(self, attribute: str, placeholder: str, most: int) -> Self:
        """Require that a set, which may be missing, has fewer members than `most`."""
        fewer = f"(attribute_not_exists({attribute}) OR size({attribute}) < :{placeholder})"
        return self.require(fewer, **{placeholder: most})

    def arguments(self) -> Item:
        """What DynamoDB's calls take."""
        found = self._expressions()
        names = {each: each[1:] for text in found.values() for each in _NAME.findall(text)} | self._names
        parameters = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": self._values}
        return found | {name: given for name, given in parameters.items() if given}  # DynamoDB refuses empty ones

    def _expressions(self) -> dict[str, str]:
        return {"ConditionExpression": " AND ".join(self._conditions)} if self._conditions else {}

    def _value(self, placeholder: str, value: Value) -> None:
        self._values[f":{placeholder}"] = attribute_value(value)


class Update(Condition):
    """One UpdateItem, with the condition that it needs."""

    def __init__(self, key: Item) -> None:
        super().__init__()
        self._key = key
        self._clauses: dict[str, list[str]] = {"SET": [], "ADD": [], "REMOVE": [], "DELETE": []}

    def names_attribute(self, attribute: str) -> bool:
        """Whether a placeholder stands for the attribute."""
        return attribute in self._names.values()

    def set(self, path: str, value: Value, *, placeholder: str | None = None) -> Self:
        """Give an attribute, or a member of a map, a value. The placeholder is the path's last name otherwise."""
        placeholder = placeholder or _last_name(path)
        self._clauses["SET"].append(f"{path} = :{placeholder}")
        self._value(placeholder, value)
        return self

    def set_if_absent(self, path: str, value: Value) -> Self:
        """Give an attribute a value unless it has one."""
        placeholder = _last_name(path)
        self._clauses["SET"].append(f"{path} = if_not_exists({path}, :{placeholder})")
        self._value(placeholder, value)
        return self

    def copy(self, path: str, source: str) -> Self:
        """Give an attribute the value that another one has before the update."""
        self._clauses["SET"].append(f"{path} = {source}")
        return self

    def count(self, attribute: str, amount: int, cap: int | None = None) -> Self:
        """Add to a counter unless the amount is 0, and with a cap only if the sum stays within it.

        The condition compares with the room that is left, as conditions cannot add.
        """
        if cap is not None:
            room = cap - amount
            absent = f"attribute_not_exists({attribute})" if room >= 0 else None
            within = f"{attribute} <= :room_{attribute}"
            self.require(f"({absent} OR {within})" if absent else within, **{f"room_{attribute}": room})
        return self.add(attribute, amount) if amount else self

    def add(self, attribute: str, amount: int) -> Self:
        """Add to a counter, which is created if it is absent."""
        placeholder = f"add_{_last_name(attribute)}"
        self._clauses["ADD"].append(f"{attribute} :{placeholder}")
        self._value(placeholder, amount)
        return self

    def add_to_set(self, attribute: str, placeholder: str, members: Collection[int | str]) -> Self:
        """Add members to a set, which is created if it is absent."""
        self._clauses["ADD"].append(f"{attribute} :{placeholder}")
        self._value(placeholder, frozenset(members))
        return self

    def remove_from_set(self, attribute: str, placeholder: str, members: Collection[int | str]) -> Self:
        """Remove those members that a set has; DynamoDB keeps no empty set."""
        self._clauses["DELETE"].append(f"{attribute} :{placeholder}")
        self._value(placeholder, frozenset(members))
        return self

    def remove(self, path: str) -> Self:
        """Remove an attribute, or a member of a map."""
        self._clauses["REMOVE"].append(path)
        return self

    def arguments(self) -> Item:
        """What UpdateItem takes."""
        return {"Key": self._key} | super().arguments()

    def _expressions(self) -> dict[str, str]:
        clauses = (f"{verb} {', '.join(parts)}" for verb, parts in self._clauses.items() if parts)
        return super()._expressions() | {"UpdateExpression": " ".join(clauses)}


def _last_name(path: str) -> str:
    return path.rpartition(".")[2].removeprefix("#")
