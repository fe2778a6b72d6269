"""Reads the fields of a JSON object one by one, so each error names its field and the accepted values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from audio_gateway.errors import InvalidRequest

_Choice = TypeVar("_Choice", bound=str)


class BodyFields:
    """The fields of a request body. Each accessor removes its field; an explicit null counts as absent."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._left = dict(body)

    def pop(self, name: str) -> Any:
        """The raw value; None if it is absent."""
        return self._left.pop(name, None)

    def text(self, name: str, *, required: bool = False, max_characters: int | None = None) -> str:
        """A string of Unicode code points; empty if absent and not required."""
        value = self.pop(name)
        if value is None or value == "":
            if required:
                raise InvalidRequest(f"'{name}' is required and must not be empty.", param=name)
            return ""
        if not isinstance(value, str):
            raise InvalidRequest(f"'{name}' must be a string, not {_kind(value)}.", param=name)
        if max_characters is not None and len(value) > max_characters:
            message = f"'{name}' has {len(value):,} characters, more than the {max_characters:,} allowed; shorten it."
            raise InvalidRequest(message, param=name, code="string_above_max_length")
        refuse_surrogates(name, value)
        return value

    def number(self, name: str, *, low: float, high: float, default: float) -> float:
        """A number from `low` to `high`, both included."""
        value = self.pop(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidRequest(f"'{name}' must be a number, not {_kind(value)}.", param=name)
        if not low <= value <= high:
            raise InvalidRequest(f"'{name}' must be a number from {low:g} to {high:g}.", param=name)
        return float(value)

    def whole(self, name: str, *, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`, both included; None if it is absent."""
        value = self.pop(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidRequest(f"'{name}' must be a whole number from {low} to {high}.", param=name)
        return value

    def flag(self, name: str) -> bool:
        """True or false; false if it is absent."""
        value = self.pop(name)
        if value is not None and not isinstance(value, bool):
            raise InvalidRequest(f"'{name}' must be true or false, not {_kind(value)}.", param=name)
        return bool(value)

    def choice(self, name: str, choices: tuple[_Choice, ...], *, default: _Choice) -> _Choice:
        """One of `choices`."""
        value = self.pop(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise InvalidRequest(f"'{name}' must be one of: {', '.join(choices)}.", param=name, code="invalid_value")
        return value

    def refuse_the_rest(self) -> None:
        """Raises `InvalidRequest` for a field that was not read: it would be ignored silently otherwise."""
        for name in self._left:
            raise InvalidRequest(
                f"Unknown field '{name[:100]}'; remove it.", param=name[:100], code="unknown_parameter"
            )


def refuse_surrogates(name: str, value: str) -> None:
    """Raises `InvalidRequest` for text that UTF-8 cannot encode, although JSON can escape it."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        message = (
            f"'{name}' has half of a surrogate pair at character {error.start}, which is not valid Unicode; remove it."
        )
        raise InvalidRequest(message, param=name) from error


def _kind(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return kinds.get(type(value), "a string")
