"""A JSON request body, read strictly: ambiguous bodies are refused."""

from __future__ import annotations

import json
from typing import Any, Final

from audio_gateway.errors import InvalidRequest, UnsupportedContentType

MAX_FIELDS: Final = 200
"""The most fields in all objects of a body together, and in a form."""


def read_object(content_type: str | None, body: bytes) -> dict[str, Any]:
    """The body as an object.

    Unlike Python's reader, it refuses duplicate keys, other encodings than UTF-8, and more than `MAX_FIELDS` fields,
    whose names an error would have to list.

    Raises:
        UnsupportedContentType: the Content-Type is not application/json.
        InvalidRequest: the body is not a JSON object.
    """
    kind = (content_type or "").split(";", 1)[0].strip().lower()
    if kind != "application/json":
        shown = f"'{content_type[:100]}'" if content_type else "missing"
        raise UnsupportedContentType(f"The Content-Type is {shown}; send application/json.")
    try:
        # Python accepts NaN and Infinity; no field does, and each refuses them by its name.
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_Members())
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not valid UTF-8 (at byte {error.start}); encode it as UTF-8.") from error
    except RecursionError as error:
        raise InvalidRequest("The JSON body is nested too deeply; flatten it.") from error
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"We could not parse the JSON body of your request: {error}.") from error
    except ValueError as error:  # Python's own limit; its message is about Python
        raise InvalidRequest("A number in the JSON body of your request has too many digits; shorten it.") from error
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
            raise InvalidRequest(f"The body has more than {MAX_FIELDS} fields; remove some.")
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            twice = next(name for name, _ in pairs if name in seen or seen.add(name))[:100]  # type: ignore[func-returns-value] # add() is None
            raise InvalidRequest(f"'{twice}' appears more than once in the body; send it once.", param=twice)
        return found
