"""Every error of the gateway as a row of documentation, found by asking the one table that answers with them."""

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

# A provider's statuses that a caller gets to see: `ProviderRejected.upstream_status`.
_PASSED_ON: Final = (400, 413, 415, 422)

# What the official SDKs ask again by themselves, unless the answer says x-should-retry: false (contract section 8).
_RETRIED_BY_SDKS: Final = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One class of errors and what the caller sees of it.

    `statuses` are several where the provider's own is passed on. `code` is None where there is none, or where the
    place that raises it names one. `retried` says whether the official SDKs ask again by themselves; `depth` is the
    number of classes above it.
    """

    name: str
    statuses: tuple[int, ...]
    type: str
    code: str | None
    retried: bool
    when: str
    depth: int


def error_rows() -> list[ErrorRow]:
    """All classes of `audio_gateway.errors` but their base, each below its parent; then whatever else goes wrong."""
    unforeseen = _row("any other exception", "A fault of the gateway itself.", [RuntimeError()], 0)
    return [*_below(e.GatewayError, 0), unforeseen]


def _below(parent: type[e.GatewayError], depth: int) -> Iterator[ErrorRow]:
    for cls in parent.__subclasses__():
        if cls.__module__ == e.__name__:  # and not one that a test has made
            when = (inspect.getdoc(cls) or "").split("\n\n", 1)[0].replace("\n", " ")
            yield _row(cls.__name__, when.split(". ", 1)[0].rstrip(".") + ".", _instances(cls), depth)
            yield from _below(cls, depth + 1)


# What the constructors want beside the message; the first class that fits counts.
_WANTED: Final[Mapping[type[e.GatewayError], dict[str, Any]]] = {
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
    told = json.loads(answers[0].body)["error"]
    status = answers[0].status
    worth_it = status in _RETRIED_BY_SDKS or status >= _FIRST_SERVER_ERROR
    return ErrorRow(
        name=name,
        statuses=tuple(answer.status for answer in answers),
        type=told["type"],
        code=told["code"],
        retried=worth_it and answers[0].headers.get("x-should-retry") != "false",
        when=when,
        depth=depth,
    )


def _instances(cls: type[e.GatewayError]) -> Sequence[e.GatewayError]:
    """One of the class for each status that it can have, with the least that its constructor wants."""
    if cls is e.ProviderRejected:
        return [cls("", provider="", upstream_status=status) for status in _PASSED_ON]
    wanted = next((wanted for base, wanted in _WANTED.items() if issubclass(cls, base)), {})
    return [cls("", **wanted)]
