"""The answer with the transcript of a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from audio_gateway.api.content_request import ContentRequest, not_a_choice, refuse
from audio_gateway.api.delivery import AnswerStream
from audio_gateway.api.job_serializers import served_by
from audio_gateway.api.transcript_responses import transcript_answer, transcript_stream
from audio_gateway.api.transcriptions import STREAMABLE, TRANSLATION_FORMATS
from audio_gateway.deadline import Deadline
from audio_gateway.errors import InvalidRequest
from audio_gateway.jobs.job import Job
from audio_gateway.providers.port import TranscriptDone
from audio_gateway.transcripts.codec import from_bytes
from audio_gateway.transcripts.render import RESPONSE_FORMATS, ResponseFormat
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

MOST_TRANSCRIPT_BYTES: Final = 40_000_000
"""The most bytes of a stored transcript: some 75 hours with all word times, which take a request 20 s and 700 MB."""


class TranscriptContent:
    """See `Content`."""

    is_stored = False

    def __init__(
        self,
        job: Job,
        job_request: JobRequest[TranscriptionRequest],
        query: ContentRequest,
        *,
        is_streamed: bool,  # noqa: ARG002 - a transcript is read whole
    ) -> None:
        self.ignored = job_request.ignored
        self._job = job
        self._request = job_request.request
        self._query = query

    def check_size(self, size: int, _deadline: Deadline) -> None:
        """See `Content.check_size`."""
        if size > MOST_TRANSCRIPT_BYTES:
            message = f"The transcript of the job '{self._job.id}' has {size:,} bytes, too many for one response."
            raise InvalidRequest(f"{message} Send the recording in parts.", code="unsupported_value")

    def stream(self, file: Iterator[bytes], _size: int, _deadline: Deadline) -> AnswerStream:
        """See `Content.stream`."""
        transcript, job = from_bytes(b"".join(file)), self._job
        refuse("speech", stream_format=self._query.stream_format)
        wanted = _as_queried(self._request, self._query)
        lacks = _lacks(wanted, transcript)
        if lacks is not None:
            raise InvalidRequest(
                f"The result of the job '{job.id}' cannot be given with {lacks[0]}={lacks[1]}: its transcript lacks "
                "these times or speakers. Start a job with another model or other options.",
                param=lacks[0],
                code="unsupported_value",
            )
        if job.partial:
            transcript = replace(transcript, used_ms=job.amount)
        if wanted.stream:
            events = [TranscriptDone(transcript)]
            return transcript_stream(wanted, events, model_id=served_by(job), ignored=self.ignored)
        answer = transcript_answer(wanted, transcript, model_id=served_by(job), ignored=self.ignored)
        return AnswerStream.whole(answer)


def _as_queried(request: TranscriptionRequest, query: ContentRequest) -> TranscriptionRequest:
    """The request as the query changes it. Where a field contradicts the query, the query counts."""
    formats = RESPONSE_FORMATS if request.task == "transcribe" else TRANSLATION_FORMATS
    wanted: ResponseFormat = request.response_format
    if query.response_format is not None:
        found = next((known for known in formats if known == query.response_format), None)
        if found is None:
            raise not_a_choice(formats)
        wanted = found
    granularities = query.granularities or (request.granularities if wanted == "verbose_json" else frozenset())
    if granularities and (wanted != "verbose_json" or request.task == "translate"):
        message = "'timestamp_granularities[]' requires a transcription with response_format=verbose_json."
        raise InvalidRequest(message, param="timestamp_granularities")
    if query.stream and wanted not in STREAMABLE:
        message = f"response_format={wanted} cannot be streamed. Use json, text or diarized_json."
        raise InvalidRequest(message, param="stream", code="unsupported_value")
    stream = (request.stream and wanted in STREAMABLE) if query.stream is None else query.stream
    return replace(request, response_format=wanted, granularities=granularities, stream=stream)


def _lacks(wanted: TranscriptionRequest, transcript: Transcript) -> tuple[str, str] | None:
    """The parameter and its value for which the transcript lacks something, if any."""
    if wanted.response_format == "diarized_json":
        segments = transcript.segments or ()
        if transcript.text.strip() and not any(segment.speaker is not None for segment in segments):
            return "response_format", "diarized_json"
    elif wanted.want_segments and transcript.text.strip() and transcript.segments is None and transcript.words is None:
        return "response_format", wanted.response_format
    if wanted.want_words and transcript.words is None:
        return "timestamp_granularities", "word"
    return None
