"""A JSON request body, read strictly: what another reader could understand differently is refused."""

from __future__ import annotations

import json
from typing import Any

from audio_gateway.errors import InvalidRequest, UnsupportedContentType


def read_object(content_type: str | None, body: bytes) -> dict[str, Any]:
    """The body as an object; raises `UnsupportedContentType`, or `InvalidRequest` for anything that is not one.

    Refused although Python would take it: a key that stands there twice, and text in another encoding than UTF-8.
    """
    kind = (content_type or "").split(";", 1)[0].strip().lower()
    if kind != "application/json":
        shown = f"'{content_type[:100]}'" if content_type else "missing"
        raise UnsupportedContentType(f"The Content-Type is {shown}; this endpoint reads application/json.")
    try:
        # NaN and Infinity, which Python reads, are no number of any field: each field refuses them by its name.
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_without_duplicates)
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


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))[:100]  # type: ignore[func-returns-value] # add() is None
        raise InvalidRequest(f"'{twice}' stands twice in the body; send it once.", param=twice)
    return found
