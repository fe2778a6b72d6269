"""Asking providers: which one, in which order, until when, and what their time was spent on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

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
    """Gives the adapter of a provider in the catalogue; built once per process."""

    def __call__(self, provider: Provider, /) -> object:
        """The adapter; raises `ProviderKeyUnreadable`."""
        ...


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """A model whose provider did not answer. `error` is the class of its error, and never what the provider said.

    `reason` says what is wrong with the operator's own settings, where that is why.
    """

    model: str
    provider: str
    error: str
    reason: str | None = None


def failure_of(model: Model, error: ProviderError) -> FailedAttempt:
    """What is told of an error."""
    reason = error.reason if isinstance(error, ProviderKeyUnreadable) else None
    return FailedAttempt(model.id, model.provider.id, type(error).__name__, reason)


OnFailure = Callable[[Model, ProviderError], None]
"""Told of each model that did not answer, and why; with `error.worked` its provider may take money for it."""


@dataclass(slots=True)
class Stopwatch:
    """How long the provider kept us waiting, in milliseconds."""

    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate(Generic[P]):
    """A model that can do what was asked, and how it would."""

    model: Model
    plan: P


def candidates(
    model: Model, endpoint: Endpoint, catalog: Catalog, plan: Callable[[Model], P]
) -> tuple[Candidate[P], ...]:
    """The model, then those of its fallbacks that can do the same, in the catalogue's order.

    What the model itself cannot do is the caller's error and raised; a fallback that cannot do it is left out.
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
    """Ask one after the other until one gives its first piece, or the time is up; then there is no way back.

    Raises the first candidate's error if none answers: it is the model that the caller named. But where the time ran
    out, that is told: whoever asked again at once would have the work done, and perhaps paid, again. What a provider
    rejects is wrong for all of them, so that is raised at once; what an engine breaks down over is not.
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
        raise ValueError("nobody to ask")
    raise failure


def timed(pieces: Iterator[T], *, provider: str, deadline: Deadline, stopwatch: Stopwatch) -> Iterator[T]:
    """The provider's pieces, timed. Each, and the end of them, comes before the deadline, or is `ProviderTimedOut`.

    Whatever the provider raises behind its first piece, it has worked.
    """
    begun = is_over = False
    while not is_over:
        started = time.perf_counter()
        try:
            piece = next(pieces)
        except StopIteration:
            is_over = True
        except ProviderError as error:
            error.worked = error.worked or begun
            raise
        finally:
            stopwatch.ms += (time.perf_counter() - started) * 1000
        begun = True
        if deadline.passed:
            raise too_late(provider)
        if not is_over:
            yield piece


def too_late(provider: str) -> ProviderTimedOut:
    """The error for an answer that was not there, or not ready to go, in time."""
    message = (
        f"The provider '{provider}' did not finish within the 29-second response limit. "
        "Send less, or use a faster model."
    )
    return ProviderTimedOut(message, provider=provider)


def _started(pieces: Iterator[T], provider: str) -> Iterator[T]:
    """The same pieces, the first of which has come."""
    first = next(pieces, None)
    if first is None:
        raise ProviderBadAnswer("The provider answered with nothing.", provider=provider)

    def rest() -> Iterator[T]:
        yield first
        yield from pieces

    return rest()
