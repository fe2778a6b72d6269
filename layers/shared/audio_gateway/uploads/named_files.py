"""The audio of a request that names its file: an upload of its project, or a URL."""

from __future__ import annotations

import time
from collections.abc import Callable

from audio_gateway.errors import RequestTooLarge
from audio_gateway.net.guarded_fetch import remote_file
from audio_gateway.net.targets import AllowedHosts, target_of
from audio_gateway.storage.objects import SourceFile
from audio_gateway.uploads.upload_store import UploadStore


class NamedFileReader:
    """Reads named files into memory; `now_s` is the clock in Unix seconds."""

    def __init__(self, uploads: UploadStore, allow: AllowedHosts, now_s: Callable[[], float] = time.time) -> None:
        self._uploads = uploads
        self._allow = allow
        self._now_s = now_s

    def upload(self, project_id: str, upload_id: str, *, limit: int) -> bytes:
        """The file of an upload.

        Raises `RequestTooLarge` above `limit` bytes, and what `UploadStore.file` and `read` raise.
        """
        file = self._uploads.file(project_id, upload_id, self._now_s())
        if file.size > limit:
            message = f"The file of '{upload_id}' has {file.size:,} bytes, more than {limit:,}."
            raise RequestTooLarge(message, param="upload_id")
        return self._uploads.read(file)

    def find(self, project_id: str, upload_id: str) -> SourceFile:
        """The current file of an upload; raises what `UploadStore.file` raises."""
        return self._uploads.file(project_id, upload_id, self._now_s())

    def used(self, project_id: str, upload_id: str) -> None:
        """See `UploadStore.used`."""
        self._uploads.used(project_id, upload_id)

    def check(self, url: str) -> None:
        """Raises `InvalidRequest` for a URL that is invalid, or that may not be called."""
        target_of(url, self._allow)

    def url(self, url: str, *, limit: int, seconds: float) -> bytes:
        """The file at a URL; raises what `remote_file` raises."""
        with remote_file(url, self._allow, limit=limit, seconds=seconds) as pieces:
            return b"".join(pieces)
