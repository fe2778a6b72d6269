"""Reads an upstream's JSON; each field is checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

_HUGE: Final = 1e300  # a larger integer does not fit a float


class Malformed(Exception):
    """The response is not in OpenAI's format; the message names the field, never its value."""


class ResponseFields:
    """A JSON object; null counts as missing."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{where} is not an object")
        self._value = value
        self._where = where

    def has(self, name: str) -> bool:
        """Whether the field is present and not empty."""
        return bool(self._value.get(name))

    def has_object(self, name: str) -> bool:
        """Whether the field is an object."""
        return isinstance(self._value.get(name), dict)

    def text(self, name: str) -> str | None:
        """A string."""
        value: str | None = self._read(name, lambda value: isinstance(value, str))
        return value

    def number(self, name: str) -> float | None:
        """A finite number."""
        value: float | None = self._read(name, _is_number)
        return None if value is None else float(value)

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value: int | None = self._read(name, lambda value: type(value) is int)
        return value

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        value = self._read(name, lambda value: isinstance(value, list) and all(type(item) is int for item in value))
        return tuple(value or ())

    def object(self, name: str) -> ResponseFields | None:
        """An object."""
        value = self._value.get(name)
        return None if value is None else ResponseFields(value, f"{self._where}.{name}")

    def objects(self, name: str, read: Callable[[ResponseFields], T]) -> tuple[T, ...] | None:
        """A list of objects, each read by `read`."""
        value = self._read(name, lambda value: isinstance(value, list))
        if value is None:
            return None
        return tuple(read(ResponseFields(item, f"{self._where}.{name}[{i}]")) for i, item in enumerate(value))

    def _read(self, name: str, fits: Callable[[Any], bool]) -> Any:
        value = self._value.get(name)
        if value is not None and not fits(value):
            raise Malformed(f"{self._where}.{name} is of the wrong type")
        return value


def parse(body: bytes | str) -> ResponseFields:
    """The JSON object in a body."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the answer is not JSON") from None
    return ResponseFields(value, "answer")


def read_field(read: Callable[[], T | None], *, wanted: bool) -> T | None:
    """The value that `read` returns; with `wanted=False`, None if its type is wrong."""
    try:
        return read()
    except Malformed:
        if wanted:
            raise
        return None


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and abs(value) < _HUGE  # neither infinite nor "not a number"
