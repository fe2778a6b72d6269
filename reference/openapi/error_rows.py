"""Every error of the gateway as a row of documentation, derived from the table that turns errors into responses."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway import errors as e
from audio_gateway.api.http.errors import answer_for

_REQUEST_ID: Final = "req_0"
_FIRST_SERVER_ERROR: Final = 500

# A provider's statuses that are passed on to the caller: `ProviderRejected.upstream_status`.
_PASSED_ON: Final = (400, 413, 415, 422)

# The official SDKs retry these automatically, unless the response has x-should-retry: false (contract section 8).
_RETRIED_BY_SDKS: Final = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One class of errors, as the caller sees it.

    `statuses` has several entries where the provider's own status is passed on. `code` is None if the class has none
    or if it is chosen where the error is raised. `retried` says whether the official SDKs retry automatically.
    `depth` is the number of classes above it.
    """

    name: str
    statuses: tuple[int, ...]
    type: str
    code: str | None
    retried: bool
    when: str
    depth: int


def error_rows() -> list[ErrorRow]:
    """All classes of `audio_gateway.errors` except their base, each below its parent; then all other exceptions."""
    unforeseen = _row("any other exception", "An internal error of the gateway.", [RuntimeError()], 0)
    return [*_below(e.GatewayError, 0), unforeseen]


def _below(parent: type[e.GatewayError], depth: int) -> Iterator[ErrorRow]:
    for cls in parent.__subclasses__():
        if cls.__module__ == e.__name__:  # not a class that a test defines
            when = (inspect.getdoc(cls) or "").split("\n\n", 1)[0].replace("\n", " ")
            yield _row(cls.__name__, when.split(". ", 1)[0].rstrip(".") + ".", _instances(cls), depth)
            yield from _below(cls, depth + 1)


# What the constructors need besides the message; the first class that matches applies.
_NEEDED: Final[Mapping[type[e.GatewayError], dict[str, Any]]] = {
    e.AudioTooLong: {"limit_ms": 1},
    e.AlreadyRunning: {"retry_after_s": 1},
    e.NotReady: {"retry_after_s": 1},
    e.MethodNotAllowed: {"allowed": ("POST",)},
    e.RateLimitReached: {"limit": "", "retry_after_s": 1},
    e.LimitReached: {"limit": ""},
    e.JobFailed: {"status": 503, "kind": "server_error"},
    e.ProviderError: {"provider": ""},
}


def _row(name: str, when: str, errors: Sequence[Exception], depth: int) -> ErrorRow:
    answers = [answer_for(error, _REQUEST_ID) for error in errors]
    body = json.loads(answers[0].body)["error"]
    status = answers[0].status
    retriable = status in _RETRIED_BY_SDKS or status >= _FIRST_SERVER_ERROR
    return ErrorRow(
        name=name,
        statuses=tuple(answer.status for answer in answers),
        type=body["type"],
        code=body["code"],
        retried=retriable and answers[0].headers.get("x-should-retry") != "false",
        when=when,
        depth=depth,
    )


def _instances(cls: type[e.GatewayError]) -> Sequence[e.GatewayError]:
    """One instance for each status that the class can have, with the arguments that its constructor needs."""
    if cls is e.ProviderRejected:
        return [cls("", provider="", upstream_status=status) for status in _PASSED_ON]
    needed = next((needed for base, needed in _NEEDED.items() if issubclass(cls, base)), {})
    return [cls("", **needed)]
