"""The audio of a transcription request: read from wherever it is, measured, and rewritten where it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from audio_gateway.audio.rewrite import as_plain_file
from audio_gateway.audio.source import AudioSource
from audio_gateway.catalog.models import Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import AudioTooLong, FetchTimedOut, InvalidAudio, RequestTooLarge, WorkTooLong
from audio_gateway.storage.objects import SourceFile
from audio_gateway.use_cases.early_limit_check import EarlyLimitCheck
from audio_gateway.use_cases.time_limits import MEASURING_SPEED, check_audio_fits, longest_audio_s
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

Measure = Callable[..., AudioSource]

MAX_READ_BYTES: Final = 100_000_000
"""Bytes of a named file that are read into memory to answer without a job."""

_FETCH_S: Final = 10.0  # of the 29: the rest must do for the work
# A job must know its price, and there must be time left to start it.
_MEASURING_S: Final = 10.0
_REWRITING_S: Final = 8.0


class NamedFiles(Protocol):
    """Files that requests name: read into memory, at most `limit` bytes of them."""

    def upload(self, project_id: str, upload_id: str, *, limit: int) -> bytes:
        """The file of an upload of the project.

        Raises `NotFound`, `FileUnavailable`, `RequestTooLarge` above the limit, or `StorageUnavailable`.
        """
        ...

    def find(self, project_id: str, upload_id: str) -> SourceFile:
        """The current file of an upload, for a job. Raises as `upload`."""
        ...

    def used(self, project_id: str, upload_id: str) -> None:
        """A call or a job with the file of an upload was admitted: its key need not make room for it any more."""
        ...

    def check(self, url: str) -> None:
        """Raises `InvalidRequest` for a URL that is none, or not one that may be asked."""
        ...

    def url(self, url: str, *, limit: int, seconds: float) -> bytes:
        """The file at a URL.

        Raises `InvalidRequest`, `FileUnavailable`, `FetchTimedOut` after so many seconds, or `RequestTooLarge`.
        """
        ...


def read_audio(
    request: TranscriptionRequest, model: Model, project_id: str, deadline: Deadline, files: NamedFiles
) -> bytes:
    """The bytes of the audio. Raises `WorkTooLong` if there are too many, or they come too slowly, for a response."""
    limit = _most_bytes(model)
    try:
        if request.upload_id is not None:
            return files.upload(project_id, request.upload_id, limit=limit)
        if request.file_url is not None:
            return files.url(request.file_url, limit=limit, seconds=min(_FETCH_S, deadline.remaining_s()))
    except (RequestTooLarge, FetchTimedOut) as error:
        message = f"{error.message} This is too much for one response: send background=true, and it becomes a job."
        raise WorkTooLong(message, param=error.param) from error
    return request.data


@contextmanager
def naming_field(field: str) -> Iterator[None]:
    """Set `param` of an error about audio that came in this field of the request, unless the error names one."""
    try:
        yield
    except (InvalidAudio, RequestTooLarge, WorkTooLong) as error:
        error.param = error.param or field
        raise


def measure_audio(
    data: bytes, model: Model, deadline: Deadline, measure: Measure, limit_check: EarlyLimitCheck
) -> AudioSource:
    """The audio with its length. The errors about it name no field, as those of `plain_audio`: see `naming_field`.

    Raises:
        InvalidAudio: it cannot be decoded.
        WorkTooLong: measuring takes longer than there is time.
        GatewayError: as `EarlyLimitCheck.run`, if measuring takes long.
    """
    seconds = min(_MEASURING_S, deadline.remaining_s())
    longest_s = max(longest_audio_s(model, deadline), seconds * MEASURING_SPEED)
    time_is_up = Deadline.after(seconds)
    try:
        return measure(
            data,
            limit_ms=int(longest_s * 1000),
            out_of_time=lambda: time_is_up.passed,
            on_progress=limit_check.after_a_while(),
        )
    except AudioTooLong as error:
        message = (
            f"The audio is too long to be measured within the {deadline.limit_s}-second response limit: at most "
            f"{int(longest_s)} s can be. Send it with background=true, or in shorter parts."
        )
        raise WorkTooLong(message) from error


def plain_audio(audio: AudioSource, model: Model, deadline: Deadline, limit_check: EarlyLimitCheck) -> AudioSource:
    """The audio as a file that may go to a provider. Raises `WorkTooLong` if only a job can make that file."""
    if audio.plain:
        return audio
    check_audio_fits(audio.duration_ms, model, deadline)
    limit_check.run()
    time_is_up = Deadline.after(min(_REWRITING_S, deadline.remaining_s()))
    try:
        return as_plain_file(audio, most_bytes=_most_bytes(model), out_of_time=lambda: time_is_up.passed)
    except (AudioTooLong, RequestTooLarge) as error:
        message = (
            "The file holds several recordings or tracks, or declares a wrong length. The part that is transcribed "
            "would have to be written into a new file, which is too large or would take too long. Send it with "
            "background=true, or export the audio track on its own."
        )
        raise WorkTooLong(message, amount=audio.duration_ms) from error


def _most_bytes(model: Model) -> int:
    """Bytes of a file that are held in memory for a model, and sent to it."""
    return MAX_READ_BYTES if model.max_bytes is None else min(MAX_READ_BYTES, model.max_bytes)
