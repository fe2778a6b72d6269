"""The request of a job, as stored in its `order.json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Generic

from audio_gateway.catalog.models import Endpoint
from audio_gateway.jobs.job import JobRef
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.storage.objects import SourceFile
from audio_gateway.use_cases.jobs.kinds.kind import R
from audio_gateway.use_cases.jobs.kinds.registry import kind_named, kind_of

REQUEST_FILE: Final = "order.json"


@dataclass(frozen=True, slots=True)
class JobRequest(Generic[R]):
    """What the caller asked for. It does not hold the audio, which is in `source`, or still at `url`.

    `ignored` are the options that have no effect, `as_events` says that speech is answered as a stream of events: both
    are for the answer only.
    """

    request: R
    source: SourceFile | None = None
    url: str | None = None
    ignored: tuple[str, ...] = ()
    as_events: bool = False

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that received the request."""
        return self.request.endpoint


def keep_request(files: JobFiles, job: JobRef, job_request: JobRequest[Any]) -> None:
    """Store the request among the job's files; raises `StorageUnavailable`."""
    kind = kind_of(job_request.endpoint)
    stored = {
        "kind": kind.name,
        "what": kind.to_json(job_request.request),
        "source": None if job_request.source is None else asdict(job_request.source),
        "url": job_request.url,
        "ignored": job_request.ignored,
        "as_events": job_request.as_events,
    }
    files.put_json(job, REQUEST_FILE, stored)


def request_of(files: JobFiles, job: JobRef) -> JobRequest[Any]:
    """The request of a job that is not over; raises `StorageUnavailable`, also if it has just been removed."""
    stored = files.get_json(job, REQUEST_FILE)
    if stored is None:
        raise files_gone()
    request = kind_named(stored["kind"]).from_json(stored["what"])
    source = None if stored["source"] is None else SourceFile(**stored["source"])
    return JobRequest(request, source, stored["url"], tuple(stored["ignored"]), stored["as_events"])
