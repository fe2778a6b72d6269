"""The answer with the speech of a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from audio_gateway.api.content_request import ContentRequest, not_a_choice, refuse
from audio_gateway.api.delivery import AnswerStream
from audio_gateway.api.job_serializers import served_by
from audio_gateway.api.speech_responses import most_audio_bytes, speech_answer
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.file_sizes import longest_s, most_bytes
from audio_gateway.audio.formats import SPEECH_FORMATS, SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.deadline import Deadline
from audio_gateway.errors import InvalidRequest
from audio_gateway.jobs.job import Job
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.speech import SpeechRequest

MOST_TRANSCODED_BYTES: Final = 8_000_000
"""The most bytes of speech that a request without streaming has the memory and time to convert to another format."""

_MOST_EVENT_BYTES: Final = 100_000_000

_CONVERTING_SPEED: Final = 30.0
"""Seconds of speech converted in a second: half of what the slowest pair of formats reaches on 1,024 MB of memory."""


class SpeechContent:
    """See `Content`. `made` is the format that the speech is stored in."""

    def __init__(
        self, job: Job, job_request: JobRequest[SpeechRequest], query: ContentRequest, *, is_streamed: bool
    ) -> None:
        self.ignored = job_request.ignored
        self._job = job
        self._made = job_request.request.format
        self._wanted = _format(query.response_format, self._made)
        self._as_events = job_request.as_events if query.stream_format is None else query.stream_format == "sse"
        self._is_streamed = is_streamed
        refuse("transcriptions", timestamp_granularities=query.granularities, stream=query.stream)

    @property
    def is_stored(self) -> bool:
        """See `Content.is_stored`."""
        return self._wanted == self._made and not self._as_events

    def check_size(self, size: int, deadline: Deadline) -> None:
        """See `Content.check_size`."""
        if not (self._fits_stream(size, deadline) if self._is_streamed else self._fits_buffer(size)):
            raise self._too_big(size)

    def stream(self, file: Iterator[bytes], size: int, deadline: Deadline) -> AnswerStream:
        """See `Content.stream`."""
        audio, is_converted = file, self._wanted != self._made
        if is_converted:
            audio = deadline.keep(_transcoded(file, self._made, self._wanted), self._too_big(size))
            if not self._is_streamed:
                audio = _with_true_sizes(self._wanted, audio)
        model_id = served_by(self._job)
        answer = speech_answer(audio, self._wanted, as_events=self._as_events, model_id=model_id, ignored=self.ignored)
        return answer if is_converted or self._as_events else replace(answer, length=size)

    def _fits_buffer(self, size: int) -> bool:
        if self._wanted != self._made:
            return size <= MOST_TRANSCODED_BYTES
        return not self._as_events or size <= _MOST_EVENT_BYTES

    def _fits_stream(self, size: int, deadline: Deadline) -> bool:
        audio_bytes: float = size
        if self._wanted != self._made:
            seconds = longest_s(size, self._made)
            if seconds / _CONVERTING_SPEED > deadline.remaining_s():
                return False
            audio_bytes = most_bytes(seconds, self._wanted)
        return audio_bytes <= most_audio_bytes(as_events=self._as_events)

    def _too_big(self, size: int) -> InvalidRequest:
        message = (
            f"The speech of the job '{self._job.id}' has {size:,} bytes, too many to convert here. Fetch it with "
            f"response_format={self._made}&stream_format=audio, as it was made, and convert it yourself, or start a "
            "job in the format you need."
        )
        return InvalidRequest(message, param="response_format", code="unsupported_value")


def _format(wanted: str | None, made: SpeechFormat) -> SpeechFormat:
    if wanted is None:
        return made
    found: SpeechFormat | None = next((known for known in SPEECH_FORMATS if known == wanted), None)
    if found is None:
        raise not_a_choice(SPEECH_FORMATS)
    return found


def _transcoded(file: Iterator[bytes], made: SpeechFormat, wanted: SpeechFormat) -> Iterator[bytes]:
    from audio_gateway.audio.transcode import transcode

    yield from transcode(file, declared=made, sample_rate=SPEECH_SAMPLE_RATE, wanted=wanted)


def _with_true_sizes(speech_format: SpeechFormat, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield with_true_sizes(speech_format, b"".join(pieces))
