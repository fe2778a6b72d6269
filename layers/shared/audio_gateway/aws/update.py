"""One conditional UpdateItem, put together clause by clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class Update:
    """Collects the clauses of one UpdateItem. Placeholders of values begin with `:`, of names with `#`."""

    def __init__(self, key: dict[str, Any]) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self._conditions: list[str] = []
        self._clauses: dict[str, list[str]] = {"SET": [], "ADD": [], "REMOVE": [], "DELETE": []}

    def name(self, placeholder: str, attribute: str) -> None:
        """Let a placeholder stand for an attribute whose name is no plain word."""
        self._names[placeholder] = attribute

    def names_attribute(self, attribute: str) -> bool:
        """Whether a placeholder stands for the attribute."""
        return attribute in self._names.values()

    def require(self, condition: str, values: Mapping[str, int | str]) -> None:
        """Add to the condition."""
        self._conditions.append(condition)
        for placeholder, value in values.items():
            self._value(placeholder, value)

    def count(self, attribute: str, amount: int, cap: int | None) -> None:
        """Add to a counter, and with a cap only if the sum stays within it: conditions cannot add for themselves."""
        if cap is not None:
            room = cap - amount
            absent = f"attribute_not_exists({attribute})" if room >= 0 else None
            within = f"{attribute} <= :room_{attribute}"
            self.require(f"({absent} OR {within})" if absent else within, {f":room_{attribute}": room})
        if amount:
            self._clauses["ADD"].append(f"{attribute} :add_{attribute}")
            self._value(f":add_{attribute}", amount)

    def require_less(self, counter: str, placeholder: str, than: int) -> None:
        """Require that a counter, which is missing while it is 0, has not come to an amount."""
        self.require(f"(attribute_not_exists({counter}) OR {counter} < {placeholder})", {placeholder: than})

    def set(self, path: str, placeholder: str, value: int | str) -> None:
        """Give an attribute, or a member of a map, a value."""
        self._clauses["SET"].append(f"{path} = {placeholder}")
        self._value(placeholder, value)

    def set_if_absent(self, path: str, placeholder: str, value: str) -> None:
        """The same, unless it has one."""
        self._clauses["SET"].append(f"{path} = if_not_exists({path}, {placeholder})")
        self._value(placeholder, value)

    def remove(self, path: str) -> None:
        """Remove an attribute, or a member of a map."""
        self._clauses["REMOVE"].append(path)

    def put_in(self, attribute: str, placeholder: str, member: str) -> None:
        """Add a text to a set, which is made if it is not there."""
        self._clauses["ADD"].append(f"{attribute} {placeholder}")
        self._values[placeholder] = {"SS": [member]}

    def take_out(self, attribute: str, placeholder: str, members: Iterable[str]) -> None:
        """Take texts out of a set, where they are in it; an empty set is none any more."""
        self._clauses["DELETE"].append(f"{attribute} {placeholder}")
        self._values[placeholder] = {"SS": sorted(members)}

    def require_fewer(self, attribute: str, placeholder: str, most: int) -> None:
        """Require that a set, which may be missing, has fewer members than `most`."""
        fewer = f"(attribute_not_exists({attribute}) OR size({attribute}) < {placeholder})"
        self.require(fewer, {placeholder: most})

    def _value(self, placeholder: str, value: int | str) -> None:
        self._values[placeholder] = {"N": str(value)} if isinstance(value, int) else {"S": value}

    def arguments(self) -> dict[str, Any]:
        """What UpdateItem takes."""
        found: dict[str, Any] = {
            "Key": self._key,
            "ConditionExpression": " AND ".join(self._conditions),
            "UpdateExpression": " ".join(
                f"{verb} {', '.join(parts)}" for verb, parts in self._clauses.items() if parts
            ),
        }
        parameters = {"ExpressionAttributeNames": self._names, "ExpressionAttributeValues": self._values}
        return found | {name: given for name, given in parameters.items() if given}  # DynamoDB refuses empty ones
