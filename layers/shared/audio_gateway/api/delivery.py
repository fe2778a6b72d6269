"""Sending a paid answer: in one piece that is charged before, or as a stream that is charged at its end.

    buffered    answer complete → stored, if it is large or has an Idempotency-Key → charged → sent
    streamed    head → pieces → stored, if it has an Idempotency-Key → charged → end of the body

In a stream, nothing delays the first byte after the provider has sent it. What can go wrong after that costs the
gateway, not the caller: if the answer cannot be stored under its key, it is free, because the next request with the key
does the work again. A process that is killed leaves a hold, which the sweeper settles.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from audio_gateway.api.charging import charged
from audio_gateway.api.http.streamed import Head, Items, Sending
from audio_gateway.api.idempotency import deliver, remember
from audio_gateway.catalog.models import Model
from audio_gateway.idempotency.idempotency import ApiResponse, Run
from audio_gateway.storage.results import ResultStore
from audio_gateway.telemetry import RequestLog
from audio_gateway.use_cases.fallback import Stopwatch
from audio_gateway.use_cases.reservation import Reservation

_IN_MEMORY_BYTES: Final = 8_000_000


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
        return cls(answer.headers, iter((answer.body,)), answer.ignored, len(answer.body))

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
    with Copy() as copy, charged(reservation, sale.model, sending.request_log, run):
        answer = make()
        length = {} if answer.length is None else {"content-length": str(answer.length)}
        yield Head(200, {**answer.headers, **length}, runs_on=run.keeps)
        yield from copy.of(answer.body) if run.keeps else answer.body
        sale.note(sending.request_log)
        if run.keeps:
            run.keep(ApiResponse(answer.headers, copy.content(), answer.ignored), reservation.admission.hold)


class Copy:
    """A copy of pieces that are passed on, in a file if it is large. To be closed as a context manager."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile[bytes](_IN_MEMORY_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def of(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces, each of which is copied first."""
        for piece in pieces:
            self._file.write(piece)
            yield piece

    def content(self) -> bytes:
        """All of it."""
        self._file.seek(0)
        return self._file.read()
