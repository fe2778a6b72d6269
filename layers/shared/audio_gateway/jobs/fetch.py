"""Fetches the audio at a URL into a job's files, at the start of its work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from audio_gateway.jobs.job import JobRef
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.net.guarded_fetch import remote_file
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.storage.objects import SourceFile
from audio_gateway.uploads.upload import MAX_BYTES

FETCH_SECONDS = 600
"""How long a fetch may take; the rest of the step's time is for reading and cutting the audio."""


class Fetcher:
    """Fetches with `net.guarded_fetch`."""

    def __init__(self, files: JobFiles, allow: AllowedHosts) -> None:
        self._files = files
        self._allow = allow

    def __call__(self, job: JobRef, url: str, watched: Callable[[Iterable[bytes]], Iterator[bytes]]) -> SourceFile:
        """Fetch the file, unless an earlier attempt did. `watched` sees every piece and may stop the download.

        Raises what `remote_file` and `watched` raise, and `StorageUnavailable`.
        """
        found = self._files.find(job, "source")
        if found is None:
            with remote_file(url, self._allow, limit=MAX_BYTES, seconds=FETCH_SECONDS) as pieces:
                self._files.put_stream(job, "source", watched(pieces), "application/octet-stream")
            found = self._files.find(job, "source")
        if found is None:
            raise files_gone()
        return found
