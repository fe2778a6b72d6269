"""The transports: they detect requests that are too big, and run those as jobs."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, cast

import anyio
import httpx2
from openai import DEFAULT_CONNECTION_LIMITS

from audio_gateway_client._form import FileInForm, FileStream, FormParser, boundary_of
from audio_gateway_client._settings import ClientSettings
from audio_gateway_client._steps import Delay, JobCall, SendRequest, Steps

_TRANSCRIPTION_PATHS: Final = ("/audio/transcriptions", "/audio/translations")
_SPEECH_PATH: Final = "/audio/speech"
_OTHER_FIELDS: Final = 256 * 1024  # allowance for the fields beside the largest file
_LONGEST_SYNCHRONOUS_TEXT: Final = 4_096
_OK: Final = 200
_CANCEL_S: Final = 5.0


class GatewayTransport(httpx2.BaseTransport):
    """Runs big requests as jobs, and passes all others on to `inner`. `settings` are those of `http_client`."""

    def __init__(self, inner: httpx2.BaseTransport | None = None, **settings: Any) -> None:
        self._inner = inner or httpx2.HTTPTransport(limits=DEFAULT_CONNECTION_LIMITS)
        self._settings = ClientSettings(**settings)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; see `httpx2.BaseTransport`."""
        if _may_have_big_file(request, self._settings):
            with _rereadable(request) as (source, length):
                file = _file_of(request, source, length, self._settings)
                if file is not None:
                    call = JobCall(request, self._settings)
                    return self._run_steps(call, call.with_file(file, source, background="background" in file.fields()))
                request.stream = source
                return self._inner.handle_request(request)
        if _may_be_a_job(request):
            content = _as_job(request, request.read())
            if content is not None:
                call = JobCall(request, self._settings)
                return self._run_steps(call, call.work("application/json", content))
        return self._inner.handle_request(request)

    def _run_steps(self, call: JobCall, steps: Steps) -> httpx2.Response:
        try:
            step = next(steps)
            while True:
                try:
                    response = self._do(step)
                except httpx2.TransportError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as end:
            answer: httpx2.Response = end.value
            if not answer.is_stream_consumed:
                answer.stream = _ResultStream(cast("httpx2.SyncByteStream", answer.stream), call)
            return answer
        except BaseException:
            self._cancel(call)
            raise

    def _do(self, step: SendRequest | Delay) -> Any:
        if isinstance(step, Delay):
            time.sleep(step.seconds)
            return None
        answer = self._inner.handle_request(step.request)
        if not (step.keep_open and answer.status_code == _OK):
            answer.read()
        return answer

    def _cancel(self, call: JobCall) -> None:
        """Cancel the job after an interrupt. If the gateway cannot be reached, the job continues."""
        request = call.cancelling()
        if request is not None:
            with suppress(httpx2.TransportError):
                answer = self._inner.handle_request(request)
                answer.read()
                call.was_cancelled(answer)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class AsyncGatewayTransport(httpx2.AsyncBaseTransport):
    """`GatewayTransport` for asynchronous clients."""

    def __init__(self, inner: httpx2.AsyncBaseTransport | None = None, **settings: Any) -> None:
        self._inner = inner or httpx2.AsyncHTTPTransport(limits=DEFAULT_CONNECTION_LIMITS)
        self._settings = ClientSettings(**settings)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; see `httpx2.AsyncBaseTransport`."""
        if _may_have_big_file(request, self._settings):
            async with _async_rereadable(request) as (source, length):
                file = await _async_file_of(request, source, length, self._settings)
                if file is not None:
                    call = JobCall(request, self._settings)
                    steps = call.with_file(file, source, background="background" in file.fields())
                    return await self._run_steps(call, steps)
                request.stream = source
                return await self._inner.handle_async_request(request)
        if _may_be_a_job(request):
            content = _as_job(request, await request.aread())
            if content is not None:
                call = JobCall(request, self._settings)
                return await self._run_steps(call, call.work("application/json", content))
        return await self._inner.handle_async_request(request)

    async def _run_steps(self, call: JobCall, steps: Steps) -> httpx2.Response:
        try:
            step = next(steps)
            while True:
                try:
                    response = await self._do(step)
                except httpx2.TransportError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as end:
            answer: httpx2.Response = end.value
            if not answer.is_stream_consumed:
                answer.stream = _AsyncResultStream(cast("httpx2.AsyncByteStream", answer.stream), call)
            return answer
        except BaseException:
            with anyio.move_on_after(_CANCEL_S, shield=True):
                await self._cancel(call)
            raise

    async def _do(self, step: SendRequest | Delay) -> Any:
        if isinstance(step, Delay):
            await anyio.sleep(step.seconds)
            return None
        answer = await self._inner.handle_async_request(step.request)
        if not (step.keep_open and answer.status_code == _OK):
            await answer.aread()
        return answer

    async def _cancel(self, call: JobCall) -> None:
        request = call.cancelling()
        if request is not None:
            with suppress(httpx2.TransportError):
                answer = await self._inner.handle_async_request(request)
                await answer.aread()
                call.was_cancelled(answer)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


# ---------------------------------------------------------------- results
class _ResultStream(httpx2.SyncByteStream):
    """The body of a result. If it ends early, the raised error keeps the SDK from retrying the whole call."""

    def __init__(self, stream: httpx2.SyncByteStream, call: JobCall) -> None:
        self._stream = stream
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except httpx2.TransportError as error:
            lost = self._call.lost_result(error)
            if lost is None:
                raise
            raise lost from error

    def close(self) -> None:
        self._stream.close()


class _AsyncResultStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, call: JobCall) -> None:
        self._stream = stream
        self._call = call

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:
                yield piece
        except httpx2.TransportError as error:
            lost = self._call.lost_result(error)
            if lost is None:
                raise
            raise lost from error

    async def aclose(self) -> None:
        await self._stream.aclose()


# ---------------------------------------------------------------- which requests
def _may_have_big_file(request: httpx2.Request, settings: ClientSettings) -> bool:
    if request.method != "POST" or not request.url.path.endswith(_TRANSCRIPTION_PATHS):
        return False
    if boundary_of(request.headers.get("content-type", "")) is None:
        return False
    length = _length(request)
    return length is None or length > settings.threshold


def _length(request: httpx2.Request) -> int | None:
    said = request.headers.get("content-length", "")
    return int(said) if said.isdigit() else None


def _is_big(file: FileInForm, length: int, settings: ClientSettings) -> bool:
    return file.size > settings.threshold or length > settings.threshold + _OTHER_FIELDS


def _head(request: httpx2.Request, length: int) -> FormParser:
    return FormParser(boundary_of(request.headers["content-type"]) or b"", length)


def _big_file(head: FormParser, length: int, settings: ClientSettings) -> FileInForm | None:
    return head.found if head.found is not None and _is_big(head.found, length, settings) else None


def _may_be_a_job(request: httpx2.Request) -> bool:
    if request.method != "POST" or "json" not in request.headers.get("content-type", ""):
        return False
    is_long = request.url.path.endswith(_SPEECH_PATH) and (_length(request) or 0) > _LONGEST_SYNCHRONOUS_TEXT
    return is_long or request.url.path.endswith(_TRANSCRIPTION_PATHS)


def _as_job(request: httpx2.Request, content: bytes) -> bytes | None:
    """Return the body with `background` added if it needs a job: for a long text, an `upload_id` or a `file_url`."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    if not isinstance(body, dict) or "background" in body:
        return None
    if request.url.path.endswith(_SPEECH_PATH):
        text = body.get("input")
        if not isinstance(text, str) or len(text) <= _LONGEST_SYNCHRONOUS_TEXT:
            return None
    elif not ("upload_id" in body or "file_url" in body):
        return None
    return json.dumps(body | {"background": True}).encode()


# ---------------------------------------------------------------- bodies
@contextmanager
def _rereadable(request: httpx2.Request) -> Iterator[tuple[httpx2.SyncByteStream, int]]:
    """Yield the body as a stream that can be read several times, and its length.

    A stream without a length cannot be read twice, and the bucket needs the length, so it goes into a temporary file.
    """
    stream = cast("httpx2.SyncByteStream", request.stream)
    length = _length(request)
    if length is not None:
        yield stream, length
        return
    with tempfile.TemporaryFile() as file:
        for piece in stream:
            file.write(piece)
        _with_length(request, file.tell())
        yield FileStream(file), file.tell()


@asynccontextmanager
async def _async_rereadable(request: httpx2.Request) -> AsyncIterator[tuple[httpx2.AsyncByteStream, int]]:
    stream = cast("httpx2.AsyncByteStream", request.stream)
    length = _length(request)
    if length is not None:
        yield stream, length
        return
    with tempfile.TemporaryFile() as file:
        async for piece in stream:
            file.write(piece)
        _with_length(request, file.tell())
        yield FileStream(file), file.tell()


def _with_length(request: httpx2.Request, length: int) -> None:
    request.headers.pop("transfer-encoding", None)
    request.headers["content-length"] = str(length)


def _file_of(
    request: httpx2.Request, source: httpx2.SyncByteStream, length: int, settings: ClientSettings
) -> FileInForm | None:
    head = _head(request, length)
    for piece in source:
        head.feed(piece)
        if head.done:
            break
    return _big_file(head, length, settings)


async def _async_file_of(
    request: httpx2.Request, source: httpx2.AsyncByteStream, length: int, settings: ClientSettings
) -> FileInForm | None:
    head = _head(request, length)
    async for piece in source:
        head.feed(piece)
        if head.done:
            break
    return _big_file(head, length, settings)
