"""Sending a paid answer: in one piece that is charged before, or as a stream that is charged at its end.

    buffered    answer complete → stored, if it is large or has an Idempotency-Key → charged → sent
    streamed    head → pieces → stored, if it has an Idempotency-Key → charged → end of the body

In a stream, nothing delays the first byte after the provider has sent it. What can go wrong after that costs the
gateway, not the caller: if the answer cannot be stored under its key, it is free, because the next request with the key
does the work again. A process that is killed leaves a hold, which the sweeper settles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from audio_gateway.api.charging import charged
from audio_gateway.api.http.streamed import Head, Items, Sending, items_of
from audio_gateway.api.idempotency import MAX_STREAMED_BYTES, as_replay, deliver, remember, respond
from audio_gateway.catalog.models import Model
from audio_gateway.idempotency.idempotency import ApiResponse, Run
from audio_gateway.spool import Spool
from audio_gateway.storage.results import ResultStore
from audio_gateway.telemetry import RequestLog
from audio_gateway.use_cases.fallback import Stopwatch
from audio_gateway.use_cases.reservation import Reservation


@dataclass(frozen=True, slots=True)
class AnswerStream:
    """An answer with status 200 whose body is made while it is read. `ignored` are options without effect.

    `length` is the size of the body in bytes if it is known.
    """

    headers: Mapping[str, str]
    body: Iterator[bytes]
    ignored: tuple[str, ...] = ()
    length: int | None = None

    @classmethod
    def whole(cls, answer: ApiResponse) -> AnswerStream:
        """An answer that is complete."""
        body = answer.body
        if isinstance(body, Spool):
            return cls(answer.headers, body.pieces(), answer.ignored, body.size)
        return cls(answer.headers, iter((body,)), answer.ignored, len(body))

    def head(self) -> dict[str, str]:
        """All headers."""
        return {**self.headers, **({} if self.length is None else {"content-length": str(self.length)})}

    def collected(self) -> ApiResponse:
        """The answer when it is complete."""
        return ApiResponse(self.headers, b"".join(self.body), self.ignored)


@dataclass(frozen=True, slots=True)
class Sale:
    """An answer that is paid: who pays for it, and which model made it.

    `stopwatch` has the provider's time, if one was asked.
    """

    run: Run
    reservation: Reservation
    model: Model
    results: ResultStore
    project_id: str
    stopwatch: Stopwatch | None = None

    def note(self, request_log: RequestLog) -> None:
        """Add the provider's time to the log record."""
        request_log.provider_ms = None if self.stopwatch is None else self.stopwatch.ms


def delivered(make: Callable[[], AnswerStream], sale: Sale, sending: Sending) -> Items:
    """The items of the response. `make` is called when the caller would not pay for its failure.

    Raises:
        ProviderError: as the body of the answer; the answer is then free.
        IdempotencyUnavailable, StorageUnavailable: it cannot be stored, and so not be given; it is free.
    """
    return _streamed(make, sale, sending) if sending.is_streamed else _buffered(make, sale, sending)


def _buffered(make: Callable[[], AnswerStream], sale: Sale, sending: Sending) -> Items:
    run, reservation, model = sale.run, sale.reservation, sale.model
    with charged(reservation, model, sending.request_log, run, before_it_is_sent=True):
        whole = make().collected()
        sale.note(sending.request_log)
        response, stored = deliver(whole, sale.results, sale.project_id, is_streamed=False)
        reservation.keep_time(model)
        run.keep(whole, reservation.admission.hold)
    remember(run, stored, model.id, sending.deadline)
    yield Head(response.status_code, dict(response.headers))
    yield bytes(response.body)


def _streamed(make: Callable[[], AnswerStream], sale: Sale, sending: Sending) -> Items:
    run, reservation = sale.run, sale.reservation
    with Spool() as copy, charged(reservation, sale.model, sending.request_log, run):
        answer = make()
        if answer.length is not None:
            reservation.keep_time(sale.model)
        yield Head(200, answer.head(), runs_on=run.keeps)
        yield from copy.copying(answer.body) if run.keeps else answer.body
        sale.note(sending.request_log)
        if run.keeps:
            run.keep(ApiResponse(answer.headers, copy.body(), answer.ignored), reservation.admission.hold)


def replayed(earlier: ApiResponse, results: ResultStore, project_id: str, sending: Sending) -> Items:
    """The items of an earlier response."""
    answer = as_replay(earlier)
    body = answer.body
    if isinstance(body, Spool) and sending.is_streamed and body.size <= MAX_STREAMED_BYTES:
        yield Head(answer.status, {**answer.headers, "content-length": str(body.size)})
        yield from body.pieces()
    else:
        yield from items_of(respond(answer, results, project_id, is_streamed=sending.is_streamed))
