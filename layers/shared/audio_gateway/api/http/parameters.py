"""Reads the parameters of a query string one by one, so each error names its parameter and the accepted values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeVar

from audio_gateway.errors import InvalidRequest

_Choice = TypeVar("_Choice", bound=str)

_WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_SHOWN: Final = 100

MAX_ID: Final = 100
"""The most characters of an id. Longer ones do not exist and are never used as keys of the table."""

_MAX_VALUE: Final = 256  # longer than any value: the id of a model, followed by its endpoint


class Parameters:
    """The parameters of a query string by name. Several values are sent as `name[]=a&name[]=b`, one also as `name=a`.

    Each accessor removes its parameter; those left at the end are unknown.
    """

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self._left: dict[str, list[str]] = {}
        for name, value in items:
            self._left.setdefault(name.removesuffix("[]"), []).append(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """All values. Empty ones are refused."""
        values = tuple(dict.fromkeys(self._left.pop(name, ())))
        if "" in values:
            raise InvalidRequest(f"'{name}' must not be empty; leave it out to select all.", param=name)
        if any(len(value) > _MAX_VALUE for value in values):
            raise InvalidRequest(f"'{name}' has a value of more than {_MAX_VALUE} characters; shorten it.", param=name)
        return values

    def choices(self, name: str, choices: tuple[_Choice, ...]) -> frozenset[_Choice]:
        """Any of `choices`."""
        values = self.texts(name)
        known = frozenset(choice for choice in choices if choice in values)
        if len(known) < len(values):
            raise _not_a_choice(name, choices)
        return known

    def text(self, name: str) -> str | None:
        """The only value; None if it is absent."""
        values = self.texts(name)
        if len(values) > 1:
            raise InvalidRequest(f"'{name}' was sent {len(values)} times; send it once.", param=name)
        return values[0] if values else None

    def choice(self, name: str, choices: tuple[_Choice, ...], *, default: _Choice) -> _Choice:
        """One of `choices`."""
        value = self.text(name)
        if value is None:
            return default
        found = next((choice for choice in choices if choice == value), None)
        if found is None:
            raise _not_a_choice(name, choices)
        return found

    def whole(self, name: str, *, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`, both included; None if it is absent."""
        value = self.text(name)
        if value is None:
            return None
        if not _WHOLE.fullmatch(value) or not low <= int(value) <= high:
            raise InvalidRequest(f"'{name}' must be a whole number from {low} to {high}.", param=name)
        return int(value)

    def refuse_the_rest(self) -> None:
        """Raises `InvalidRequest` for a parameter that was not read: a misspelt filter would give wrong sums."""
        for name in self._left:
            shown = name[:_SHOWN]
            raise InvalidRequest(f"Unknown parameter '{shown}'; remove it.", param=shown, code="unknown_parameter")


def _not_a_choice(name: str, choices: tuple[str, ...]) -> InvalidRequest:
    return InvalidRequest(f"'{name}' must be one of: {', '.join(choices)}.", param=name, code="invalid_value")
