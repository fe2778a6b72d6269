"""A job's result: the response that the call would have got, in the format that is asked for now.

`job_wait.py` waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from fastapi import Request, Response

from audio_gateway.api.content_request import LAST_HOP, ContentRequest
from audio_gateway.api.delivery import AnswerStream
from audio_gateway.api.http.redirects import to_job, to_link
from audio_gateway.api.http.sse import EVENT_STREAM_TYPE
from audio_gateway.api.http.streamed import Head, Items, response_of, sending_of
from audio_gateway.api.idempotency import MAX_BUFFERED_BYTES, MAX_STREAMED_BYTES, respond
from audio_gateway.api.job_serializers import content_url, job_url, served_by
from audio_gateway.api.job_speech import SpeechContent
from audio_gateway.api.job_transcript import TranscriptContent
from audio_gateway.audio.closing import closed
from audio_gateway.catalog.models import Endpoint
from audio_gateway.deadline import Deadline
from audio_gateway.errors import Conflict, InvalidRequest, JobFailed, NotFound, NotReady, StillRunning
from audio_gateway.idempotency.idempotency import ApiResponse
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.storage.objects import SourceFile
from audio_gateway.storage.results import ResultStore
from audio_gateway.use_cases.jobs.merge import result_of
from audio_gateway.use_cases.jobs.request import JobRequest, request_of

_MAKING_S: Final = 2  # a partial result is made within a second or two, and of many parts within minutes
_LARGE_BYTES: Final = 1_000_000
_FRESH_S: Final = 20.0  # left for a request that has not waited: a large result may take that long


@dataclass(frozen=True, slots=True)
class ContentResponse:
    """The response, and the options that had no effect on it. `error` is the class of a passing failure."""

    response: Response
    ignored: tuple[str, ...]
    error: str | None = None


class Content(Protocol):
    """The result of a job, in the form that a request asks for."""

    @property
    def ignored(self) -> tuple[str, ...]:
        """The options of the job's request that have no effect on it."""
        ...

    @property
    def is_stored(self) -> bool:
        """Whether the stored file is the result in this form."""
        ...

    def check_size(self, size: int, deadline: Deadline) -> None:
        """Raises `InvalidRequest` for a stored file that is too large to be given in this form by the deadline."""
        ...

    def stream(self, file: Iterator[bytes], size: int, deadline: Deadline, /) -> AnswerStream:
        """The response, made from the `size` bytes of the stored file while it is read.

        Raises `InvalidRequest` where that is not possible, and `ProviderTimedOut` from its body after the deadline.
        """
        ...


class _ContentFactory(Protocol):
    def __call__(
        self, job: Job, job_request: JobRequest[Any], query: ContentRequest, /, *, is_streamed: bool
    ) -> Content: ...


_CONTENTS: Final[Mapping[Endpoint, _ContentFactory]] = {
    "speech": SpeechContent,
    "transcriptions": TranscriptContent,
    "translations": TranscriptContent,
}


class JobContent:
    """Returns the results of jobs that are over."""

    def __init__(self, store: JobStore, files: JobFiles, results: ResultStore) -> None:
        self._store = store
        self._files = files
        self._results = results

    def of(self, job: Job, query: ContentRequest, request: Request) -> ContentResponse:
        """The result, as the response to the request.

        Raises:
            JobFailed: the job failed, and has no partial result, or none was asked for.
            Conflict: the job was cancelled, and has no partial result, or none was asked for.
            NotReady: the partial result of the cancelled job is being made.
            NotFound: the result was deleted.
            InvalidRequest: it cannot be given in the form that is asked for.
        """
        _check_ended_well(job, query)
        name = result_of(job)
        found = self._files.find(job.ref, name)
        if found is None:
            raise self._missing(job)
        sending = sending_of(request)
        deadline = sending.stream_deadline
        content = _CONTENTS[job.endpoint](job, request_of(self._files, job.ref), query, is_streamed=sending.is_streamed)
        if content.is_stored and found.size > (MAX_STREAMED_BYTES if sending.is_streamed else MAX_BUFFERED_BYTES):
            # A copy of it could be a gigabyte.
            response = to_link(self._results.link(found.key), {"x-audio-gateway-model": served_by(job)})
            _check_can_be_followed(job, response, query)
            return ContentResponse(response, content.ignored)
        content.check_size(found.size, deadline)
        if sending.is_streamed:
            return self._streamed(job, content.stream(self._pieces(job, found), found.size, deadline), query, request)
        if not content.is_stored and _comes_too_late(found, deadline):
            return self._again(job, query)
        data = self._files.get(job.ref, name)
        if data is None:
            raise self._missing(job)
        return self._given(job, content.stream(iter((data,)), len(data), deadline).collected(), query)

    def _pieces(self, job: Job, found: SourceFile) -> Iterator[bytes]:
        try:
            yield from self._files.pieces(found)
        except InvalidRequest as error:  # it was deleted meanwhile
            raise self._missing(job) from error

    def _streamed(self, job: Job, answer: AnswerStream, query: ContentRequest, request: Request) -> ContentResponse:
        if answer.length is not None and answer.length > MAX_STREAMED_BYTES:
            return self._given(job, answer.collected(), query)
        as_events = answer.headers["content-type"] == EVENT_STREAM_TYPE
        return ContentResponse(response_of(request, _items(answer), as_events=as_events), answer.ignored)

    def _missing(self, job: Job) -> NotReady | NotFound:
        if job.status == "cancelled" and self._store.open_job(job.id) is not None:
            message = f"The partial result of the job '{job.id}' is being made. Try again in {_MAKING_S} s."
            return NotReady(message, retry_after_s=_MAKING_S)
        return NotFound(f"The result of the job '{job.id}' no longer exists.", code="job_not_found")

    def _again(self, job: Job, query: ContentRequest) -> ContentResponse:
        """A redirect to a new request, which has all of its time left."""
        if query.is_last_for(job):
            raise _too_many_redirects(job)
        return ContentResponse(to_job(job.id, job_url(job.id), query.next_url(job.id)), ())

    def _given(self, job: Job, answer: ApiResponse, query: ContentRequest) -> ContentResponse:
        response = respond(answer, self._results, job.project_id, is_streamed=False)
        _check_can_be_followed(job, response, query)
        return ContentResponse(response, answer.ignored)


def _items(answer: AnswerStream) -> Items:
    """The response, whose head is sent once there is something to send: until then, an error keeps its status."""
    with closed(answer.body) as pieces:
        first = next(pieces, b"")
        yield Head(200, answer.head())
        yield first
        yield from pieces


def _check_ended_well(job: Job, query: ContentRequest) -> None:
    where = content_url(job.id, (("partial", "true"),))
    if job.status == "cancelled" and not (query.partial and job.partial):
        rest = f"the part that was done is charged, and is at {where}." if job.partial else "it has no result."
        raise Conflict(f"The job '{job.id}' was cancelled; {rest}", code="job_cancelled")
    if job.status != "failed" or (query.partial and job.partial):
        return
    error = job.error
    if error is None:
        raise JobFailed(f"The job '{job.id}' failed.", status=500, kind="server_error")
    message = error.message
    if job.partial:
        message += f" It is at {where}."
    raise JobFailed(message, status=error.status, kind=error.kind, param=error.param, code=error.code)


def _check_can_be_followed(job: Job, response: Response, query: ContentRequest) -> None:
    """Raises `StillRunning` for a redirect that the official SDKs would not follow."""
    if response.status_code != 200 and query.hop >= LAST_HOP:  # noqa: PLR2004 - the only other is 303
        raise _too_many_redirects(job)


def _too_many_redirects(job: Job) -> StillRunning:
    message = (
        f"The result of the job '{job.id}' is ready, but too large for this response. It is at {content_url(job.id)}."
    )
    return StillRunning(message, code="too_many_redirects")


def _comes_too_late(found: SourceFile, deadline: Deadline) -> bool:
    """Whether too little time may be left to convert a result, because the request has waited for the job."""
    return found.size > _LARGE_BYTES and deadline.remaining_s() < _FRESH_S
