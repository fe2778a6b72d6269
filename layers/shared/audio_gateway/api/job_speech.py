"""The answer with the speech of a job."""

from __future__ import annotations

from typing import Final

from audio_gateway.api.content_request import ContentRequest, not_a_choice, refuse
from audio_gateway.api.job_serializers import served_by
from audio_gateway.api.speech_responses import speech_answer
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.deadline import Deadline
from audio_gateway.errors import InvalidRequest
from audio_gateway.idempotency.idempotency import ApiResponse
from audio_gateway.jobs.job import Job
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.speech import SpeechRequest

MOST_TRANSCODED_BYTES: Final = 8_000_000
"""The most bytes of speech that one request has the memory and time to convert to another format."""

_MOST_EVENT_BYTES: Final = 100_000_000


class SpeechContent:
    """See `Content`. `made` is the format that the speech is stored in."""

    def __init__(self, job: Job, job_request: JobRequest[SpeechRequest], query: ContentRequest) -> None:
        self.ignored = job_request.ignored
        self._job = job
        self._made = job_request.request.format
        self._wanted = _format(query.response_format, self._made)
        self._as_events = job_request.as_events if query.stream_format is None else query.stream_format == "sse"
        refuse("transcriptions", timestamp_granularities=query.granularities, stream=query.stream)

    @property
    def is_stored(self) -> bool:
        """See `Content.is_stored`."""
        return self._wanted == self._made and not self._as_events

    def check_size(self, size: int) -> None:
        """See `Content.check_size`."""
        if size > (MOST_TRANSCODED_BYTES if self._wanted != self._made else _MOST_EVENT_BYTES):
            raise _too_big(self._job, size, self._made)

    def answer(self, data: bytes, deadline: Deadline) -> ApiResponse:
        """See `Content.answer`."""
        audio = data
        if self._wanted != self._made:
            audio = _transcoded(audio, self._job, self._made, self._wanted, deadline)
        model_id = served_by(self._job)
        answer = speech_answer(
            (audio,), self._wanted, as_events=self._as_events, model_id=model_id, ignored=self.ignored
        )
        return answer.collected()


def _format(wanted: str | None, made: SpeechFormat) -> SpeechFormat:
    if wanted is None:
        return made
    found: SpeechFormat | None = next((known for known in SPEECH_FORMATS if known == wanted), None)
    if found is None:
        raise not_a_choice(SPEECH_FORMATS)
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
        f"The speech of the job '{job.id}' has {size:,} bytes, too many to convert here. Fetch it with "
        f"response_format={made}, in which it was made, and convert it yourself, or start a job in the format you need."
    )
    return InvalidRequest(message, param="response_format", code="unsupported_value")
