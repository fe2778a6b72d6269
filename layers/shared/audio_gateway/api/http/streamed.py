"""Responses that are made by a generator: its first item is the head, the others are the body.

Whatever belongs to a request stands in the generator: its claim, its hold, the provider's answer, and the settlement
after the last piece. Where responses are buffered, the generator runs to its end before anything is sent. Where they
are streamed, each piece is sent when it is made, in the same thread: a slow caller slows the provider down.

If the caller disconnects, the generator is closed: `GeneratorExit` is raised where it stands. If its head says that the
answer is kept for repetitions, it runs to its end instead. While it waits for a provider, the `Watcher` looks whether
the caller is still there, whether the head comes too late, and whether a stream of events needs a sign of life.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Coroutine, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from audio_gateway.api.http.failures import error_response
from audio_gateway.api.http.request_scope import STREAM
from audio_gateway.api.http.sse import EVENT_STREAM_HEADERS, EVENT_STREAM_TYPE, KEEP_ALIVE, error_frame
from audio_gateway.api.http.watcher import Watcher
from audio_gateway.deadline import Cancellation, Deadline
from audio_gateway.errors import StillRunning
from audio_gateway.response_stream import ClientDisconnected, ResponseStream
from audio_gateway.telemetry import RequestLog

_OK: Final = 200

KEEP_ALIVE_S: Final = 20.0
"""Seconds without an event after which a comment is sent, so that no proxy in between closes an idle connection."""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a response. `runs_on`: the answer is completed even if the caller disconnects."""

    status: int
    headers: Mapping[str, str]
    runs_on: bool = False


class End:
    """The end of the body: what the generator does after it does not delay the caller."""


Items = Generator[Head | bytes | End, None, None]
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


def response_of(request: Request, items: Items, *, as_events: bool = False) -> Response:
    """The response that `items` make; with `as_events`, it is a stream of server-sent events.

    Errors before the head are raised, here or when the response is sent. But a stream of events begins without its head
    if the provider is slow, and then an error is an event, too.
    """
    sending = sending_of(request)
    if sending.is_streamed:
        return StreamedResponse(items, sending, as_events=as_events)
    head = _head(next(items))
    body = b"".join(piece for piece in items if isinstance(piece, bytes))
    return Response(body, head.status, dict(head.headers))


def items_of(response: Response) -> Items:
    """A complete response as items."""
    yield Head(response.status_code, dict(response.headers))
    yield bytes(response.body)


class StreamedResponse(Response):
    """Sends what a generator makes, while it makes it."""

    def __init__(
        self,
        items: Items,
        sending: Sending,
        *,
        as_events: bool,
        watcher: Watcher | None = None,
        keep_alive_s: float | None = None,
    ) -> None:
        super().__init__()
        self._items = items
        self._sending = sending
        self._as_events = as_events
        self._watcher = watcher or _WATCHER
        self._keep_alive_s = KEEP_ALIVE_S if keep_alive_s is None else keep_alive_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it. Raises errors before the head.

        A body that cannot be completed is left without its end; the log record says why.
        """
        body = _Body(send, self._keep_alive_s if self._as_events else None)
        with self._watcher.calling(lambda: self._look(body)):
            self._send_all(body)

    def _look(self, body: _Body) -> None:
        """See, in the watcher's thread, whether somebody still waits for the response."""
        try:
            if self._sending.is_disconnected():
                if not body.runs_on:
                    self._sending.cancellation.cancel(by_client=True)
            elif not body.has_begun and self._sending.deadline.passed:
                self._sending.cancellation.cancel()
            else:
                body.keep_alive()
        except ClientDisconnected:
            pass  # it is noticed when the next piece is sent, and by the next look
        except Exception as error:  # noqa: BLE001 - the watcher serves other requests, too
            error_response(error, self._sending.request_log)
            self._sending.cancellation.cancel()

    def _send_all(self, body: _Body) -> None:
        try:
            head = _head(next(self._items))
            body.begin(head)
            for item in self._items:
                if isinstance(item, bytes):
                    self._add(item, body)
                elif isinstance(item, End):
                    break
            body.end()
        except ClientDisconnected:
            self._sending.request_log.disconnected = True
            # After the deadline, nothing can run on.
            self._finish(close=not body.runs_on or self._sending.stream_deadline.passed, by_client=True)
        except Exception as error:
            if body.stays_unsent():
                raise
            self._fail(error, body)
            self._finish(close=True)
        else:
            self._finish(close=False)

    def _add(self, piece: bytes, body: _Body) -> None:
        """Send a piece. Raises `ClientDisconnected`, also if it could not be sent before the deadline.

        Pieces are made before the deadline, so it was the caller who took the time. Otherwise one who stops reading
        just before the end would have nearly everything, and not pay.
        """
        body.add(piece)
        if self._sending.stream_deadline.passed:
            raise ClientDisconnected

    def _finish(self, *, close: bool, by_client: bool = False) -> None:
        """Close the generator, or let it do what is left although the caller has left. Its errors are only logged."""
        try:
            if close:
                self._sending.cancellation.cancel(by_client=by_client)
                self._items.close()
            for _ in self._items:
                pass
        except Exception as error:  # noqa: BLE001 - the response is over
            error_response(error, self._sending.request_log)

    def _fail(self, error: Exception, body: _Body) -> None:
        """End a body that cannot be completed: without its end, or with an event that says why."""
        request_log = self._sending.request_log
        if self._sending.cancellation.by_client:
            request_log.disconnected = True
            return
        error_response(error, request_log)
        if self._as_events:
            with suppress(Exception):  # the first error is the one to log
                body.add(error_frame(error, request_log.request_id))
                body.end()


class _Body:
    """The body of one response, into which two threads write. `keep_alive_s` is None if it is no stream of events."""

    def __init__(self, send: Send, keep_alive_s: float | None) -> None:
        self.has_begun = False
        self.runs_on = False
        self._send = send
        self._keep_alive_s = keep_alive_s
        self._lock = threading.Lock()
        self._silent_since = time.monotonic()

    def begin(self, head: Head) -> None:
        """Send the head, unless the response has begun without it.

        Raises `StillRunning` if a response that has begun as a stream would have been a redirect to a job.
        """
        with self._lock:
            self.runs_on = head.runs_on
            if self.has_begun and head.status != _OK:
                raise StillRunning(
                    f"The request became a job, or its response is elsewhere: {head.headers['location']}"
                )
            self._begin(head)

    def add(self, piece: bytes) -> None:
        """Send a piece. Raises `ClientDisconnected`."""
        with self._lock:
            self._write(piece, more=True)

    def end(self) -> None:
        """Send the end. Raises `ClientDisconnected`."""
        with self._lock:
            self._keep_alive_s = None
            self._write(b"", more=False)

    def stays_unsent(self) -> bool:
        """Whether nothing has been sent. Then nothing will be, not even a comment."""
        with self._lock:
            if not self.has_begun:
                self._keep_alive_s = None
            return not self.has_begun

    def keep_alive(self) -> None:
        """Send a comment into a stream of events that has been silent for too long. Raises `ClientDisconnected`.

        While a piece is being sent, that is the sign of life, and waiting for a slow caller would keep the watcher from
        all other requests.
        """
        if not self._is_silent() or not self._lock.acquire(blocking=False):
            return
        try:
            if self._is_silent():
                self._begin(Head(_OK, {**EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE}))
                self._write(KEEP_ALIVE, more=True)
        finally:
            self._lock.release()

    def _is_silent(self) -> bool:
        return self._keep_alive_s is not None and time.monotonic() - self._silent_since >= self._keep_alive_s

    def _begin(self, head: Head) -> None:
        if not self.has_begun:
            self.has_begun = True
            raw = [(name.lower().encode(), value.encode()) for name, value in head.headers.items()]
            _run(self._send({"type": "http.response.start", "status": head.status, "headers": raw}))

    def _write(self, piece: bytes, *, more: bool) -> None:
        _run(self._send({"type": "http.response.body", "body": piece, "more_body": more}))
        self._silent_since = time.monotonic()


_WATCHER: Final = Watcher()


def _head(item: Head | bytes | End) -> Head:
    if not isinstance(item, Head):
        raise TypeError("the first item of a response must be its head")
    return item


def _run(sent: Any) -> None:
    """Run a `send`, which writes before it returns and so never waits for an event loop: any thread may do it."""
    coroutine = cast("Coroutine[Any, Any, None]", sent)
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("`send` waits for an event loop")
