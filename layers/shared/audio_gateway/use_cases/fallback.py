"""Fallback: which models to ask, in which order, until when; and how long their providers took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from audio_gateway.audio.closing import closed
from audio_gateway.catalog.models import Catalog, Endpoint, Model, Provider
from audio_gateway.deadline import Deadline
from audio_gateway.errors import (
    InvalidRequest,
    ProviderBadAnswer,
    ProviderError,
    ProviderKeyUnreadable,
    ProviderRejected,
    ProviderTimedOut,
    TextUnspeakable,
)

T = TypeVar("T")
P = TypeVar("P")


class AdapterFactory(Protocol):
    """Returns the adapter of a provider in the catalogue. Each is built once per process."""

    def __call__(self, provider: Provider, /) -> object:
        """The adapter; raises `ProviderKeyUnreadable`."""
        ...


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """A model whose provider did not answer. `error` is the name of the error's class, never the provider's text.

    `reason` says what is wrong with the operator's own settings, if that is the cause.
    """

    model: str
    provider: str
    error: str
    reason: str | None = None


def failure_of(model: Model, error: ProviderError) -> FailedAttempt:
    """What is logged of an error."""
    reason = error.reason if isinstance(error, ProviderKeyUnreadable) else None
    return FailedAttempt(model.id, model.provider.id, type(error).__name__, reason)


OnFailure = Callable[[Model, ProviderError], None]
"""Called for each model that did not answer. If `error.worked`, its provider may charge for it."""


@dataclass(slots=True)
class Stopwatch:
    """How long the providers took, in milliseconds."""

    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate(Generic[P]):
    """A model that can do what was asked for, and how it would do it."""

    model: Model
    plan: P


def candidates(
    model: Model, endpoint: Endpoint, catalog: Catalog, plan: Callable[[Model], P]
) -> tuple[Candidate[P], ...]:
    """The model, then those of its fallbacks that can do the same, in the catalogue's order.

    If the model itself cannot do it, its `InvalidRequest` is raised. A fallback that cannot do it is left out.
    """
    able = [Candidate(model, plan(model))]
    for fallback_id in model.fallbacks:
        fallback = catalog.models[fallback_id]
        if endpoint not in fallback.endpoints:
            continue
        try:
            able.append(Candidate(fallback, plan(fallback)))
        except InvalidRequest:
            continue
    return tuple(able)


def first_successful(
    able: tuple[Candidate[P], ...],
    ask: Callable[[Candidate[P]], Iterator[T]],
    deadline: Deadline,
    on_failure: OnFailure,
) -> tuple[Candidate[P], Iterator[T]]:
    """Ask one candidate after the other until one returns its first piece, or the time is up.

    After the first piece there is no fallback. If no candidate answers, the first one's error is raised, because it is
    the model that the caller named. But a timeout at the deadline is raised as such: a caller who retried immediately
    would have the work done, and perhaps charged, again. A rejected request would be rejected by all, so that is
    raised immediately; a text that breaks one engine may be fine for another.
    """
    failure: ProviderError | None = None
    for candidate in able:
        try:
            return candidate, _started(ask(candidate), candidate.model.provider.id)
        except ProviderError as error:
            on_failure(candidate.model, error)
            rejected = isinstance(error, ProviderRejected) and not isinstance(error, TextUnspeakable)
            if rejected or (isinstance(error, ProviderTimedOut) and deadline.passed):
                raise
            failure = failure or error
            if deadline.passed:
                break
    if failure is None:
        raise ValueError("no candidates")
    raise failure


def timed(pieces: Iterator[T], *, provider: str, deadline: Deadline, stopwatch: Stopwatch) -> Iterator[T]:
    """The provider's pieces, timed. Raises `ProviderTimedOut` for a piece, or the end, after the deadline.

    A provider that raises after its first piece has worked. However this ends, the provider's iterator is closed.
    """
    has_piece = is_over = False
    with closed(pieces) as coming:
        while not is_over:
            started = time.perf_counter()
            try:
                piece = next(coming)
            except StopIteration:
                is_over = True
            except ProviderError as error:
                error.worked = error.worked or has_piece
                raise
            finally:
                stopwatch.ms += (time.perf_counter() - started) * 1000
            has_piece = True
            if deadline.passed:
                raise too_late(provider, deadline)
            if not is_over:
                yield piece


def too_late(provider: str, deadline: Deadline) -> ProviderTimedOut:
    """The error for an answer that did not arrive, or was not ready to be sent, by the deadline."""
    message = (
        f"The provider '{provider}' did not finish within the {deadline.limit_s}-second response limit. "
        "Send less in one request, or use a faster model."
    )
    return ProviderTimedOut(message, provider=provider)


def _started(pieces: Iterator[T], provider: str) -> Iterator[T]:
    """The same pieces, once the first of them has arrived."""
    first = next(pieces, None)
    if first is None:
        raise ProviderBadAnswer("The provider returned an empty answer.", provider=provider)

    def rest() -> Iterator[T]:
        yield first
        yield from pieces

    return rest()
