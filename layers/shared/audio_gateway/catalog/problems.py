"""The problems of a catalogue, for the operator who wrote it: the entry, the field, and the allowed values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from audio_gateway.errors import ConfigurationError

_NEVER_SHOWN: Final = frozenset({"api_key", "base_url"})
"""Fields that may contain a secret by mistake: no message shows their values."""
MAX_SHOWN: Final = 60
"""Characters of a value that a message shows."""
_MAX_SHOWN_BITS: Final = 64  # Python refuses to print the very long ones
_HINTS: Final = {"price": '; free is written { usd_per_minute = "0" } or { usd_per_million_characters = "0" }'}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the rest of a sentence that begins with the entry and the field; `field` may be empty."""

    entry: str
    field: str
    problem: str

    @property
    def top_field(self) -> str:
        """The field of the entry, without the path within it."""
        return self.field.partition(".")[0].partition("[")[0]

    def __str__(self) -> str:
        return ": ".join(part for part in (self.entry, self.field, self.problem) if part)


def configuration_error(source: str, problems: Sequence[Problem]) -> ConfigurationError:
    """All problems of a file in one error, one per line."""
    each = tuple(map(str, problems))
    if len(each) == 1:
        return ConfigurationError(f"{source}: {each[0]}", problems=each)
    lines = "".join(f"\n  {problem}" for problem in each)
    return ConfigurationError(f"{source} has {len(each)} problems:{lines}", problems=each)


def suggestion(given: object, known: Iterable[str]) -> str:
    """A question to append to a message about an unknown name; empty if no known name is similar."""
    from difflib import get_close_matches

    found = get_close_matches(given, known, n=1) if isinstance(given, str) else ()
    return f"; did you mean '{found[0]}'?" if found else ""


def problems_of(entry: str, schema: type[BaseModel], error: ValidationError) -> Iterator[Problem]:
    """The problems that pydantic found, in terms of the catalogue."""
    for detail in error.errors(include_url=False):
        location = detail["loc"]
        yield Problem(entry, _path(location), _problem(schema, location, detail))


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _problem(schema: type[BaseModel], location: Sequence[int | str], detail: Any) -> str:
    kind, given = detail["type"], detail["input"]
    if kind == "missing":
        return f"is missing{_HINTS.get(str(location[-1]), '')}"
    if kind == "extra_forbidden":
        known = _fields(schema, location)
        return f"is not a known field; the fields are {', '.join(known)}{suggestion(location[-1], known)}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "literal_error":
        allowed = detail["ctx"]["expected"]
        question = suggestion(given, re.findall(r"'([^']*)'", allowed))
        return f"{_shown(location, given)}is not allowed; use {allowed}{question}"
    if kind == "model_type":
        return "must be a table" + _HINTS.get(str(location[-1]) if location else "", "")
    return f"{_shown(location, given)}{detail['msg'].replace('Input should', 'should')}"


def _fields(schema: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    for step in location[:-1]:
        annotation = schema.model_fields[str(step)].annotation
        for inner in get_args(annotation) or (annotation,):  # an optional table is a union with None
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                schema = inner
    return list(schema.model_fields)


def _shown(location: Sequence[int | str], given: object) -> str:
    if not _NEVER_SHOWN.isdisjoint(location):
        return ""
    if isinstance(given, str):
        return f"{given[:MAX_SHOWN]!r} "
    if isinstance(given, float) or (isinstance(given, int) and given.bit_length() <= _MAX_SHOWN_BITS):
        return f"{given} "
    return ""
