"""What a job is to do, as it is kept in its `order.json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from audio_gateway.catalog.models import Endpoint
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.providers.port import Chunking, KnownSpeaker, TranscriptionOptions
from audio_gateway.storage.objects import SourceFile
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

REQUEST_FILE: Final = "order.json"
"""The file with it."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What the caller asked for. Audio is not in it: it is in `source`, or still at `url`.

    `ignored` are the options let through without effect, `as_events` says that speech is answered as a stream of
    events: both are for the answer only.
    """

    what: SpeechRequest | TranscriptionRequest
    source: SourceFile | None = None
    url: str | None = None
    ignored: tuple[str, ...] = ()
    as_events: bool = False

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that would do it at once."""
        if isinstance(self.what, SpeechRequest):
            return "speech"
        return "transcriptions" if self.what.task == "transcribe" else "translations"


def keep_request(files: JobFiles, job: Job, order: JobRequest) -> None:
    """Write the order among the job's files; raises `StorageUnavailable`."""
    what = order.what
    fields = asdict(what if isinstance(what, SpeechRequest) else replace(what, data=b""))
    if isinstance(what, TranscriptionRequest):
        del fields["data"]
        fields["granularities"] = sorted(what.granularities)
        fields |= fields.pop("options")  # beside the others, as requests have always been stored
    kept = {
        "kind": "speech" if isinstance(what, SpeechRequest) else "transcription",
        "what": fields,
        "source": None if order.source is None else asdict(order.source),
        "url": order.url,
        "ignored": order.ignored,
        "as_events": order.as_events,
    }
    files.put_json(job, REQUEST_FILE, kept)


def request_of(files: JobFiles, job: Job) -> JobRequest:
    """The order of a job that is not over; raises `StorageUnavailable`, also if somebody has just removed it."""
    kept = files.get_json(job, REQUEST_FILE)
    if kept is None:
        raise files_gone()
    what = _speech(kept["what"]) if kept["kind"] == "speech" else _transcription(kept["what"])
    source = None if kept["source"] is None else SourceFile(**kept["source"])
    return JobRequest(what, source, kept["url"], tuple(kept["ignored"]), kept["as_events"])


def _speech(fields: dict[str, Any]) -> SpeechRequest:
    return SpeechRequest(**fields)


def _transcription(fields: dict[str, Any]) -> TranscriptionRequest:
    chunking = fields["chunking"]
    options = TranscriptionOptions(
        language=fields["language"],
        prompt=fields["prompt"],
        temperature=fields["temperature"],
        languages=tuple(fields["languages"]),
        keywords=tuple(fields["keywords"]),
        logprobs=fields["logprobs"],
        chunking=None if chunking is None else Chunking(**chunking),
        known_speakers=tuple(KnownSpeaker(**speaker) for speaker in fields["known_speakers"]),
    )
    return TranscriptionRequest(
        model=fields["model"],
        data=b"",
        task=fields["task"],
        response_format=fields["response_format"],
        granularities=frozenset(fields["granularities"]),
        stream=fields["stream"],
        upload_id=fields["upload_id"],
        file_url=fields["file_url"],
        options=options,
    )
