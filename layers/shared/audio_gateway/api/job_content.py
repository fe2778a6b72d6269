"""A job's result, as the call would have answered: waited for, and in the format that is asked for now.

How it is waited for is in `job_wait.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

from fastapi import Request, Response

from audio_gateway.api.http.parameters import Parameters
from audio_gateway.api.http.redirects import to_job, to_link
from audio_gateway.api.idempotency import MAX_BUFFERED_BYTES, respond
from audio_gateway.api.job_serializers import LONGEST_WAIT_S, content_url, job_url
from audio_gateway.api.speech_responses import speech_answer
from audio_gateway.api.transcript_responses import transcript_answer
from audio_gateway.api.transcriptions import STREAMABLE, TRANSLATION_FORMATS
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.deadline import Deadline
from audio_gateway.errors import Conflict, InvalidRequest, JobFailed, NotFound, NotReady, StillRunning
from audio_gateway.idempotency.idempotency import ApiResponse
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.storage.objects import SourceFile
from audio_gateway.storage.results import ResultStore
from audio_gateway.transcripts.codec import from_bytes
from audio_gateway.transcripts.render import GRANULARITIES, RESPONSE_FORMATS, Granularity, ResponseFormat
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.jobs.merge import result_of
from audio_gateway.use_cases.jobs.request import JobRequest, request_of
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

LAST_HOP: Final = 20
"""The last redirect that the official SDKs follow."""

MOST_TRANSCODED_BYTES: Final = 8_000_000
"""Of speech that is given in another format than it was made in: what one request has memory and time for."""

MOST_TRANSCRIPT_BYTES: Final = 40_000_000
"""Of a stored transcript: some 75 hours with the times of all words, for which a request takes 20 s and 700 MB."""

_MAKING_S: Final = 2  # a partial result is made within a second or two, and of many parts within minutes
_LARGE_BYTES: Final = 1_000_000
_FRESH_S: Final = 20.0  # what is left to a request that has not waited: a large result may take that long

_MOST_WAIT_ASKED_S: Final = 3600
_MOST_EVENT_BYTES: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """How the result is to be given; None is as the order said. `hop` counts the redirects that led here."""

    wait_s: int
    hop: int
    partial: bool
    response_format: str | None
    granularities: frozenset[Granularity]
    stream: bool | None
    stream_format: str | None
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read a query; raises `InvalidRequest` naming the parameter that is unknown or wrong."""
        items = request.query_params.multi_items()
        parameters = Parameters(items)
        wait_s = parameters.whole("wait", low=0, high=_MOST_WAIT_ASKED_S)
        stream = parameters.choice("stream", ("true", "false", ""), default="")
        asked = cls(
            wait_s=LONGEST_WAIT_S if wait_s is None else min(wait_s, LONGEST_WAIT_S),
            hop=parameters.whole("hop", low=0, high=LAST_HOP) or 0,
            partial=parameters.choice("partial", ("true", "false"), default="false") == "true",
            response_format=parameters.text("response_format"),
            granularities=parameters.choices("timestamp_granularities", GRANULARITIES),
            stream=None if not stream else stream == "true",
            stream_format=parameters.choice("stream_format", ("audio", "sse", ""), default="") or None,
            query=tuple((name, value) for name, value in items if name != "hop"),
        )
        parameters.refuse_the_rest()
        return asked

    def is_last_for(self, job: Job | None) -> bool:
        """Whether nobody would follow another redirect to here.

        Speech is nearly always too big for an answer of ours, and needs one more redirect to be fetched. A job that
        could not be read is None.
        """
        return self.hop >= (LAST_HOP - 1 if job is not None and job.endpoint == "speech" else LAST_HOP)

    def next_url(self, job_id: str) -> str:
        """The same request, one redirect later."""
        return content_url(job_id, (*self.query, ("hop", str(self.hop + 1))))


@dataclass(frozen=True, slots=True)
class ContentResponse:
    """The answer, and the options that had no effect on it. `error` is the class of what failed in passing."""

    response: Response
    ignored: tuple[str, ...]
    error: str | None = None


class JobContent:
    """Gives the results of jobs that are over."""

    def __init__(self, store: JobStore, files: JobFiles, results: ResultStore) -> None:
        self._store = store
        self._files = files
        self._results = results

    def of(self, job: Job, asked: ContentRequest, deadline: Deadline) -> ContentResponse:
        """The result.

        Raises:
            JobFailed: the job failed, and not its partial result was asked for, or there is none.
            Conflict: the job was cancelled, and not its partial result was asked for, or there is none.
            NotReady: the partial result of the cancelled job is being made.
            NotFound: the result was deleted.
            InvalidRequest: it cannot be given as is asked for.
        """
        _check_ended_well(job, asked)
        name = result_of(job)
        found = self._files.find(job, name)
        if found is None:
            raise self._missing(job)
        order = request_of(self._files, job)
        if isinstance(order.what, SpeechRequest):
            return self._speech(job, order, order.what, asked, found, deadline)
        if found.size > MOST_TRANSCRIPT_BYTES:
            message = f"The transcript of the job '{job.id}' has {found.size} bytes, too many for one answer."
            raise InvalidRequest(f"{message} Send the recording in parts.", code="unsupported_value")
        if _comes_too_late(found, deadline):
            return self._afresh(job, asked)
        data = self._files.get(job, name)
        if data is None:
            raise self._missing(job)
        answer = _transcript(job, order, order.what, asked, from_bytes(data))
        return self._given(job, answer, asked)

    def _missing(self, job: Job) -> NotReady | NotFound:
        if job.status == "cancelled" and self._store.open_job(job.id) is not None:
            message = f"The partial result of the job '{job.id}' is being made. Ask again for it in {_MAKING_S} s."
            return NotReady(message, retry_after_s=_MAKING_S)
        return NotFound(f"The result of the job '{job.id}' is not there any more.", code="job_not_found")

    def _afresh(self, job: Job, asked: ContentRequest) -> ContentResponse:
        """A redirect to where nobody has waited yet."""
        if asked.is_last_for(job):
            raise _too_many_redirects(job)
        return ContentResponse(to_job(job.id, job_url(job.id), asked.next_url(job.id)), ())

    def _given(self, job: Job, answer: ApiResponse, asked: ContentRequest) -> ContentResponse:
        response = respond(answer, self._results, job.project_id)
        _check_can_be_followed(job, response, asked)
        return ContentResponse(response, answer.ignored)

    def _speech(
        self,
        job: Job,
        order: JobRequest,
        what: SpeechRequest,
        asked: ContentRequest,
        found: SourceFile,
        deadline: Deadline,
    ) -> ContentResponse:
        wanted = _speech_format(asked.response_format, what)
        as_events = order.as_events if asked.stream_format is None else asked.stream_format == "sse"
        _only_of("transcriptions", timestamp_granularities=asked.granularities, stream=asked.stream)
        if wanted == what.format and not as_events and found.size > MAX_BUFFERED_BYTES:
            # As it lies there: a copy of it could be a gigabyte.
            response = to_link(self._results.link(found.key), {"x-audio-gateway-model": _served_by(job)})
            _check_can_be_followed(job, response, asked)
            return ContentResponse(response, order.ignored)
        if found.size > (MOST_TRANSCODED_BYTES if wanted != what.format else _MOST_EVENT_BYTES):
            raise _too_big(job, found.size, what.format)
        if _comes_too_late(found, deadline) and (wanted != what.format or as_events):
            return self._afresh(job, asked)
        audio = self._files.get(job, result_of(job)) or b""
        if wanted != what.format:
            audio = _transcoded(audio, job, what.format, wanted, deadline)
        answer = speech_answer(audio, wanted, as_events=as_events, model_id=_served_by(job), ignored=order.ignored)
        return self._given(job, answer, asked)


def _check_ended_well(job: Job, asked: ContentRequest) -> None:
    where = content_url(job.id, (("partial", "true"),))
    if job.status == "cancelled" and not (asked.partial and job.partial):
        rest = f"what was done by then is charged, and is at {where}." if job.partial else "it has no result."
        raise Conflict(f"The job '{job.id}' was cancelled; {rest}", code="job_cancelled")
    if job.status != "failed" or (asked.partial and job.partial):
        return
    error = job.error
    if error is None:
        raise JobFailed(f"The job '{job.id}' failed.", status=500, kind="server_error")
    message = error.message
    if job.partial:
        message += f" It is at {where}."
    raise JobFailed(message, status=error.status, kind=error.kind, param=error.param, code=error.code)


def _check_can_be_followed(job: Job, response: Response, asked: ContentRequest) -> None:
    """Raises `StillRunning` for a redirect that would be one too many for the official SDKs."""
    if response.status_code != 200 and asked.hop >= LAST_HOP:  # noqa: PLR2004 - the only other is 303
        raise _too_many_redirects(job)


def _too_many_redirects(job: Job) -> StillRunning:
    message = f"The result of the job '{job.id}' is ready, and too big for this answer: it is at {content_url(job.id)}."
    return StillRunning(message, code="too_many_redirects")


def _comes_too_late(found: SourceFile, deadline: Deadline) -> bool:
    """Whether there may not be enough time left to make an answer of a result, because the job was waited for."""
    return found.size > _LARGE_BYTES and deadline.remaining_s() < _FRESH_S


def _served_by(job: Job) -> str:
    return job.model if job.work is None else job.work.model


def _transcript(
    job: Job, order: JobRequest, what: TranscriptionRequest, asked: ContentRequest, transcript: Transcript
) -> ApiResponse:
    _only_of("speech", stream_format=asked.stream_format)
    wanted = _as_asked(what, asked)
    lacks = _lacks(wanted, transcript)
    if lacks is not None:
        raise InvalidRequest(
            f"The job '{job.id}' cannot be given with {lacks[0]}={lacks[1]}: its transcript has no such times or "
            "speakers. Another model, or another order, would have given them.",
            param=lacks[0],
            code="unsupported_value",
        )
    if job.partial:
        transcript = replace(transcript, used_ms=job.amount)
    return transcript_answer(wanted, transcript, model_id=_served_by(job), ignored=order.ignored)


def _as_asked(what: TranscriptionRequest, asked: ContentRequest) -> TranscriptionRequest:
    """The order, with what the query says in its place. What the query does not name gives way to what it does."""
    formats = RESPONSE_FORMATS if what.task == "transcribe" else TRANSLATION_FORMATS
    wanted: ResponseFormat = what.response_format
    if asked.response_format is not None:
        found = next((known for known in formats if known == asked.response_format), None)
        if found is None:
            raise _not_a_choice(formats)
        wanted = found
    granularities = asked.granularities or (what.granularities if wanted == "verbose_json" else frozenset())
    if granularities and (wanted != "verbose_json" or what.task == "translate"):
        message = "'timestamp_granularities[]' requires a transcription with response_format=verbose_json."
        raise InvalidRequest(message, param="timestamp_granularities")
    if asked.stream and wanted not in STREAMABLE:
        message = f"response_format={wanted} cannot be streamed. Use json, text or diarized_json."
        raise InvalidRequest(message, param="stream", code="unsupported_value")
    stream = (what.stream and wanted in STREAMABLE) if asked.stream is None else asked.stream
    return replace(what, response_format=wanted, granularities=granularities, stream=stream)


def _lacks(wanted: TranscriptionRequest, transcript: Transcript) -> tuple[str, str] | None:
    """The parameter, and its value, for which the transcript has not what is needed."""
    if wanted.response_format == "diarized_json":
        segments = transcript.segments or ()
        if transcript.text.strip() and not any(segment.speaker is not None for segment in segments):
            return "response_format", "diarized_json"
    elif wanted.want_segments and transcript.text.strip() and transcript.segments is None and transcript.words is None:
        return "response_format", wanted.response_format
    if wanted.want_words and transcript.words is None:
        return "timestamp_granularities", "word"
    return None


def _speech_format(asked: str | None, what: SpeechRequest) -> SpeechFormat:
    if asked is None:
        return what.format
    found: SpeechFormat | None = next((known for known in SPEECH_FORMATS if known == asked), None)
    if found is None:
        raise _not_a_choice(SPEECH_FORMATS)
    return found


def _transcoded(audio: bytes, job: Job, made: SpeechFormat, wanted: SpeechFormat, deadline: Deadline) -> bytes:
    from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE
    from audio_gateway.audio.transcode import transcode

    pieces = []
    for piece in transcode([audio], declared=made, sample_rate=SPEECH_SAMPLE_RATE, wanted=wanted):
        pieces.append(piece)
        if deadline.passed:
            raise _too_big(job, len(audio), made)
    return with_true_sizes(wanted, b"".join(pieces))


def _too_big(job: Job, size: int, made: SpeechFormat) -> InvalidRequest:
    message = (
        f"The speech of the job '{job.id}' has {size} bytes, too many to be made into another form now. "
        f"Fetch it as it was made, with response_format={made}, and convert it; or order it in the one that you need."
    )
    return InvalidRequest(message, param="response_format", code="unsupported_value")


def _only_of(endpoint: str, **values: object) -> None:
    for name, value in values.items():
        if value:
            message = f"'{name}' is of jobs of {endpoint} only; remove it."
            raise InvalidRequest(message, param=name, code="unknown_parameter")


def _not_a_choice(choices: tuple[str, ...]) -> InvalidRequest:
    message = f"'response_format' must be one of: {', '.join(choices)}."
    return InvalidRequest(message, param="response_format", code="invalid_value")
