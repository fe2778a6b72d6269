"""Responses that are made by a generator: its first item is the head, the others are the body.

Whatever belongs to a request stands in the generator: its claim, its hold, the provider's answer, and the settlement
after the last piece. Where responses are buffered, the generator runs to its end before anything is sent. Where they
are streamed, each piece is sent when it is made:

    a whole answer      the generator runs in the thread of the request: head, one piece, settlement
    a stream            it runs ahead of the caller, in a thread of its own (`Ahead`)

If the caller disconnects, the generator is closed: `GeneratorExit` is raised where it stands. If its head says that the
answer is kept for repetitions, it runs to its end instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, cast

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from audio_gateway.ahead import Ahead
from audio_gateway.api.http.failures import error_response
from audio_gateway.api.http.request_scope import STREAM
from audio_gateway.api.http.sse import EVENT_STREAM_HEADERS, EVENT_STREAM_TYPE, KEEP_ALIVE, error_frame
from audio_gateway.deadline import SETTLING_S, Cancellation, Deadline
from audio_gateway.errors import ProviderTimedOut
from audio_gateway.response_stream import ClientDisconnected, ResponseStream
from audio_gateway.telemetry import RequestLog

KEEP_ALIVE_S: Final = 20.0
"""Seconds without an event after which a comment is sent, so that no proxy in between closes an idle connection."""

_ENDING_S: Final = 2 * SETTLING_S  # for a generator to notice that it is cancelled, and to settle
_LOOK_S: Final = 0.2  # how often it is seen that the caller has disconnected, while there is nothing to send


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a response. `runs_on`: the answer is completed even if the caller disconnects."""

    status: int
    headers: Mapping[str, str]
    runs_on: bool = False


class End:
    """The end of the body: what the generator does after it does not delay the caller."""


Items = Iterator[Head | bytes | End]
"""A `Head`, then the pieces of the body, and an `End` if something is done after it."""


@dataclass(slots=True)
class Sending:
    """How the response of a request is sent, and whether its work is cancelled."""

    stream: ResponseStream | None
    deadline: Deadline
    stream_deadline: Deadline
    request_log: RequestLog
    cancellation: Cancellation = field(default_factory=Cancellation)

    @property
    def is_streamed(self) -> bool:
        """Whether pieces are sent as they come."""
        return self.stream is not None

    def is_disconnected(self) -> bool:
        """Whether the caller is known to have disconnected."""
        return self.stream is not None and self.stream.is_disconnected()


def sending_of(request: Request) -> Sending:
    """How the response of the request is sent. There is one for each request."""
    scope = request.scope
    if "audio_gateway.sending" not in scope:
        scope["audio_gateway.sending"] = Sending(
            scope.get(STREAM),
            scope["audio_gateway.deadline"],
            scope["audio_gateway.stream_deadline"],
            scope["audio_gateway.facts"],
        )
    return cast("Sending", scope["audio_gateway.sending"])


def whole_response(request: Request, items: Items) -> Response:
    """A response that is sent in one piece when it is complete. Raises what `items` raises before the head."""
    sending = sending_of(request)
    return _collected(items) if not sending.is_streamed else StreamedResponse(_head(next(items)), items, sending)


def streamed_response(request: Request, items: Items, *, as_events: bool) -> Response:
    """A response whose pieces are sent as they come; with `as_events`, they are server-sent events.

    Raises what `items` raises before the head, and `ProviderTimedOut` if the head does not come in time. But a stream
    of events begins without a head when the provider is slow, and then an error is an event, too.
    """
    sending = sending_of(request)
    if not sending.is_streamed:
        return _collected(items)
    ahead = Ahead(
        items,
        cancel=lambda: sending.cancellation.cancel(by_client=True),
        patience_s=sending.stream_deadline.remaining_s(),
    )
    wait_s = sending.deadline.remaining_s()
    try:
        head = _head(ahead.next_within(min(wait_s, KEEP_ALIVE_S) if as_events else wait_s))
    except TimeoutError:
        if as_events and not sending.deadline.passed:
            early = Head(200, {**EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE})
            return StreamedResponse(early, ahead, sending, as_events=True)
        sending.cancellation.cancel()
        with suppress(TimeoutError):
            ahead.next_within(SETTLING_S)  # raises the error of what was cancelled
        ahead.close(within_s=_ENDING_S)
        message = f"The answer did not begin within the {sending.deadline.limit_s}-second response limit."
        raise ProviderTimedOut(message, provider="") from None
    return StreamedResponse(head, ahead, sending, as_events=as_events)


def items_of(response: Response) -> Items:
    """A complete response as items."""
    yield Head(response.status_code, dict(response.headers))
    yield bytes(response.body)


def _collected(items: Items) -> Response:
    head = _head(next(items))
    body = b"".join(piece for piece in items if isinstance(piece, bytes))
    return Response(body, head.status, dict(head.headers))


def _head(item: Head | bytes | End) -> Head:
    if not isinstance(item, Head):
        raise TypeError("the first item of a response must be its head")
    return item


class StreamedResponse(Response):
    """Sends the head and then the pieces of a response while they are made."""

    def __init__(self, head: Head, rest: Items, sending: Sending, *, as_events: bool = False) -> None:
        super().__init__(None, head.status, dict(head.headers))
        if "content-length" in self.headers and "content-length" not in head.headers:
            del self.headers["content-length"]  # Starlette's own, of no body
        self._runs_on = head.runs_on
        self._rest = rest
        self._sending = sending
        self._as_events = as_events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it. A body that cannot be completed is left without its end; the log record says why."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for piece in self._pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            for _ in self._rest:
                pass
        except ClientDisconnected:
            self._sending.request_log.disconnected = True
            self._leave()
        except Exception as error:  # noqa: BLE001 - the status has been sent, so the error cannot become a response
            error_response(error, self._sending.request_log)
            if self._as_events:
                await self._end_with(error, send)

    def _pieces(self) -> Iterator[bytes]:
        """The pieces, and comments while a stream of events has none."""
        silent_since = time.monotonic()
        while True:
            try:
                item = self._rest.next_within(_LOOK_S) if isinstance(self._rest, Ahead) else next(self._rest)
            except StopIteration:
                return
            except TimeoutError:
                if self._sending.is_disconnected():
                    raise ClientDisconnected from None
                if not self._as_events or time.monotonic() - silent_since < KEEP_ALIVE_S:
                    continue
                item = KEEP_ALIVE
            if isinstance(item, End):
                return
            if isinstance(item, Head):  # of a stream that began before its head came
                self._runs_on = item.runs_on
                continue
            silent_since = time.monotonic()
            yield item

    def _leave(self) -> None:
        """Let the generator end, in a way that it chose."""
        if self._runs_on:
            for _ in self._rest:
                pass
            return
        self._sending.cancellation.cancel(by_client=True)
        if isinstance(self._rest, Ahead):
            self._rest.close(within_s=_ENDING_S)
        else:
            self._rest.close()  # type: ignore[attr-defined] # a generator

    async def _end_with(self, error: Exception, send: Send) -> None:
        try:
            await send({"type": "http.response.body", "body": error_frame(error, self._sending.request_log.request_id)})
        except ClientDisconnected:
            self._sending.request_log.disconnected = True
