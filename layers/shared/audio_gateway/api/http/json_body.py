"""A JSON request body, read strictly: what another reader could understand differently is refused."""

from __future__ import annotations

import json
from typing import Any, Final

from audio_gateway.errors import InvalidRequest, UnsupportedContentType

MAX_FIELDS: Final = 200
"""In all objects of a body together; as many as a form may have."""


def read_object(content_type: str | None, body: bytes) -> dict[str, Any]:
    """The body as an object; raises `UnsupportedContentType`, or `InvalidRequest` for anything that is not one.

    Refused although Python would take it: a key that stands there twice, text in another encoding than UTF-8, and more
    than `MAX_FIELDS` fields, whose names would have to be told.
    """
    kind = (content_type or "").split(";", 1)[0].strip().lower()
    if kind != "application/json":
        shown = f"'{content_type[:100]}'" if content_type else "missing"
        raise UnsupportedContentType(f"The Content-Type is {shown}; this endpoint reads application/json.")
    try:
        # NaN and Infinity, which Python reads, are no number of any field: each field refuses them by its name.
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_Members())
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not valid UTF-8 (byte {error.start}).") from error
    except RecursionError as error:
        raise InvalidRequest("The body is nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"We could not parse the JSON body of your request: {error}.") from error
    except ValueError as error:  # Python's own limit, and its words are about Python
        raise InvalidRequest("A number in the JSON body of your request has too many digits.") from error
    if not isinstance(value, dict):
        raise InvalidRequest('The body must be a JSON object, such as {"model": "…", "input": "…"}.')
    return value


class _Members:
    """Makes each object of one body, from the inside out."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self._count += len(pairs)
        if self._count > MAX_FIELDS:
            raise InvalidRequest(f"The body has more than {MAX_FIELDS} fields.")
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            twice = next(name for name, _ in pairs if name in seen or seen.add(name))[:100]  # type: ignore[func-returns-value] # add() is None
            raise InvalidRequest(f"'{twice}' appears more than once in the body; send it once.", param=twice)
        return found
