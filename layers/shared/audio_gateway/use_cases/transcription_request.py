"""A transcription or translation as a caller asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from audio_gateway.catalog.models import Endpoint
from audio_gateway.providers.port import Task, TranscriptionOptions
from audio_gateway.transcripts.render import Granularity, ResponseFormat

ENDPOINT_OF: Final[dict[Task, Endpoint]] = {"transcribe": "transcriptions", "translate": "translations"}
"""The endpoint that does each task."""

_SUBTITLES: Final[frozenset[ResponseFormat]] = frozenset({"srt", "vtt"})


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """What the caller asked for. Absent fields are None, False or empty.

    The audio is in `data`, or it is the file that `upload_id` or `file_url` names.
    """

    model: str
    data: bytes
    task: Task = "transcribe"
    response_format: ResponseFormat = "json"
    granularities: frozenset[Granularity] = frozenset()
    stream: bool = False
    upload_id: str | None = None
    file_url: str | None = None
    # Flat: stored requests and fingerprints hold the options beside the other fields.
    options: TranscriptionOptions = field(default=TranscriptionOptions(), metadata={"flat": True})

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that answers it."""
        return ENDPOINT_OF[self.task]

    @property
    def audio_field(self) -> str:
        """The field of the request that brought the audio: `file`, `upload_id` or `file_url`."""
        if self.upload_id is not None:
            return "upload_id"
        return "file" if self.file_url is None else "file_url"

    @property
    def want_words(self) -> bool:
        """Whether the answer lists words."""
        return self.response_format == "verbose_json" and "word" in self.granularities

    @property
    def want_segments(self) -> bool:
        """Whether the answer is made of segments. `verbose_json` is, unless only words were asked for."""
        if self.response_format in _SUBTITLES:
            return True
        return self.response_format == "verbose_json" and self.granularities != {"word"}
