"""The query of a request for a job's result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from fastapi import Request

from audio_gateway.api.http.parameters import Parameters
from audio_gateway.api.job_serializers import LONGEST_WAIT_S, content_url
from audio_gateway.catalog.models import Endpoint
from audio_gateway.errors import InvalidRequest
from audio_gateway.jobs.job import Job
from audio_gateway.transcripts.render import GRANULARITIES, Granularity

LAST_HOP: Final = 20
"""The last redirect that the official SDKs follow."""

# Speech is nearly always too large for a response, and needs one more redirect to be fetched.
_HOPS_TO_FETCH: Final[dict[Endpoint, int]] = {"speech": 1}

_MAX_WAIT_S: Final = 3600


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """The form of the result; None means as the job's request says. `hop` counts the redirects so far."""

    wait_s: int
    hop: int
    partial: bool
    response_format: str | None
    granularities: frozenset[Granularity]
    stream: bool | None
    stream_format: str | None
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read a query; raises `InvalidRequest` naming the parameter that is unknown or wrong."""
        items = request.query_params.multi_items()
        parameters = Parameters(items)
        wait_s = parameters.whole("wait", low=0, high=_MAX_WAIT_S)
        stream = parameters.choice("stream", ("true", "false", ""), default="")
        found = cls(
            wait_s=LONGEST_WAIT_S if wait_s is None else min(wait_s, LONGEST_WAIT_S),
            hop=parameters.whole("hop", low=0, high=LAST_HOP) or 0,
            partial=parameters.choice("partial", ("true", "false"), default="false") == "true",
            response_format=parameters.text("response_format"),
            granularities=parameters.choices("timestamp_granularities", GRANULARITIES),
            stream=None if not stream else stream == "true",
            stream_format=parameters.choice("stream_format", ("audio", "sse", ""), default="") or None,
            query=tuple((name, value) for name, value in items if name != "hop"),
        )
        parameters.refuse_the_rest()
        return found

    def is_last_for(self, job: Job | None) -> bool:
        """Whether this is the last redirect to here that the official SDKs follow. `job` is None if it was not read."""
        return self.hop >= LAST_HOP - (0 if job is None else _HOPS_TO_FETCH.get(job.endpoint, 0))

    def next_url(self, job_id: str) -> str:
        """The same request, one redirect later."""
        return content_url(job_id, (*self.query, ("hop", str(self.hop + 1))))


def refuse(endpoint: str, **values: object) -> None:
    """Raises `InvalidRequest` for a parameter with a value, which applies to jobs of `endpoint` only."""
    for name, value in values.items():
        if value:
            message = f"'{name}' applies to jobs of {endpoint} only; remove it."
            raise InvalidRequest(message, param=name, code="unknown_parameter")


def not_a_choice(choices: tuple[str, ...]) -> InvalidRequest:
    """The error for a `response_format` that the result cannot be given in."""
    message = f"'response_format' must be one of: {', '.join(choices)}."
    return InvalidRequest(message, param="response_format", code="invalid_value")
