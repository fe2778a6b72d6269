"""Pages of a list: `after`, `limit` and `order` in, and what the SDKs need to ask for the next page out."""

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
    """The page that is asked for, and the other parameters of the query."""

    after: str | None
    limit: int
    choices: Mapping[str, str]

    @classmethod
    def of(cls, request: Request, **choices: Sequence[str]) -> Self:
        """Read a query. `choices` are parameters and their values, of which the first is the default.

        Raises:
            InvalidRequest: `param` is the parameter that is unknown or wrong.
        """
        parameters = Parameters(request.query_params.multi_items())
        after = parameters.text("after")
        if after is not None and len(after) > MAX_ID:
            raise InvalidRequest("'after' must be the last_id of the page before.", param="after")
        limit = parameters.whole("limit", low=1, high=MAX_LIMIT)
        chosen = {name: parameters.choice(name, tuple(words), default=words[0]) for name, words in choices.items()}
        parameters.refuse_the_rest()
        return cls(after, DEFAULT_LIMIT if limit is None else limit, chosen)


def page_of(shapes: Iterator[dict[str, Any]], limit: int) -> dict[str, Any]:
    """The first objects of a list that begins where the page does."""
    data = list(islice(shapes, limit + 1))
    shown = data[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(data) > limit,
    }
