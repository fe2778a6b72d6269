"""Pages of a list: reads `after`, `limit` and `order`, and writes what the SDKs need to request the next page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

from fastapi import Request

from audio_gateway.api.http.parameters import MAX_ID, Parameters
from audio_gateway.errors import InvalidRequest

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The requested page, and the other parameters of the query."""

    after: str | None
    limit: int
    choices: Mapping[str, str]

    @classmethod
    def of(cls, request: Request, **choices: Sequence[str]) -> Self:
        """Read a query. `choices` are parameters and their values; the first value is the default.

        Raises:
            InvalidRequest: `param` is the parameter that is unknown or wrong.
        """
        parameters = Parameters(request.query_params.multi_items())
        after = parameters.text("after")
        if after is not None and len(after) > MAX_ID:
            raise InvalidRequest(
                f"'after' must be the last_id of the previous page, at most {MAX_ID} characters.", param="after"
            )
        limit = parameters.whole("limit", low=1, high=MAX_LIMIT)
        chosen = {name: parameters.choice(name, tuple(words), default=words[0]) for name, words in choices.items()}
        parameters.refuse_the_rest()
        return cls(after, DEFAULT_LIMIT if limit is None else limit, chosen)


def page_of(objects: Iterator[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A page of the first `limit` objects. `objects` may have more: then `has_more` is true."""
    data = list(islice(objects, limit + 1))
    shown = data[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(data) > limit,
    }
