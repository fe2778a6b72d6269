"""Files that requests name, in memory."""

from __future__ import annotations

from audio_gateway.errors import FileUnavailable, InvalidRequest, NotFound, RequestTooLarge
from audio_gateway.storage.objects import SourceFile


class FakeFiles:
    """See `NamedFiles`; uploads are by project and id. `read` says which were, and with which limit.

    `taken` are the uploads of calls and jobs that were admitted.
    """

    def __init__(self) -> None:
        self.uploads: dict[tuple[str, str], bytes] = {}
        self.urls: dict[str, bytes] = {}
        self.read: list[tuple[str, int]] = []
        self.taken: list[str] = []

    def upload(self, project_id: str, upload_id: str, *, limit: int) -> bytes:
        """See `NamedFiles.upload`."""
        data = self.uploads.get((project_id, upload_id))
        if data is None:
            raise NotFound(f"There is no upload '{upload_id}'.", param="upload_id", code="upload_not_found")
        return self._read(upload_id, data, limit, "upload_id")

    def find(self, project_id: str, upload_id: str) -> SourceFile:
        """See `NamedFiles.find`."""
        data = self.uploads.get((project_id, upload_id))
        if data is None:
            raise NotFound(f"There is no upload '{upload_id}'.", param="upload_id", code="upload_not_found")
        return SourceFile(f"uploads/{project_id}/{upload_id}", "etag", len(data))

    def used(self, project_id: str, upload_id: str) -> None:
        """See `NamedFiles.used`."""
        assert (project_id, upload_id) in self.uploads
        self.taken.append(upload_id)

    def check(self, url: str) -> None:
        """See `NamedFiles.check`."""
        if not url.startswith("https://"):
            raise InvalidRequest("'file_url' must be an https URL.", param="file_url", code="invalid_url")

    def url(self, url: str, *, limit: int, seconds: float) -> bytes:
        """See `NamedFiles.url`."""
        assert seconds > 0
        data = self.urls.get(url)
        if data is None:
            raise FileUnavailable("The server of 'file_url' answered 404.", param="file_url")
        return self._read(url, data, limit, "file_url")

    def _read(self, name: str, data: bytes, limit: int, param: str) -> bytes:
        self.read.append((name, limit))
        if len(data) > limit:
            raise RequestTooLarge(f"The file has more than {limit} bytes.", param=param)
        return data
