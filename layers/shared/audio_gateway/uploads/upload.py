"""Uploads: audio that is too big for a request goes straight into the bucket, under a key that the gateway chooses.

    pending ──► completed      the file has arrived; it can be named as `upload_id` until `expires_at`
       └──────► expired        nothing arrived while the form was valid; or the file's time is over

The statuses are named as in OpenAI's Uploads API. A deleted upload has no status: it no longer exists.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final, Literal

from audio_gateway.metering.pending_uploads import AnnouncedUploads

MAX_BYTES: Final = 2 * 1024**3
"""The size limit of a file: 2 GB. S3 itself accepts 5 GB in a single POST."""

FORM_SECONDS: Final = 15 * 60
"""How long a file can be posted. An upload that has started by then may take longer."""

UPLOAD_KEPT_SECONDS: Final = 24 * 3600
"""How long the file can be used, counted from the announcement. The bucket's lifecycle rule removes it within the
following days."""

MAX_FILENAME: Final = 255
"""Characters."""

Status = Literal["pending", "completed", "expired"]

_ID: Final = re.compile(r"upload_[0-9a-f]{24}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as stored in the table: ids and numbers, and no name.

    `key_id` is the key that announced it, empty for uploads of versions that did not store it. `bytes` is the announced
    size. Times are Unix seconds.
    """

    id: str
    project_id: str
    key_id: str
    bytes: int
    created_at: int

    @property
    def key(self) -> str:
        """The key of its object in the bucket."""
        return f"uploads/{self.project_id}/{self.id}"

    @property
    def announced(self) -> AnnouncedUploads:
        """The upload as it is counted among its key's pending uploads."""
        return AnnouncedUploads(self.key_id, self.id, self.bytes, self.file_ends_at)

    @property
    def form_ends_at(self) -> int:
        """Until when the file can be posted."""
        return self.created_at + FORM_SECONDS

    @property
    def file_ends_at(self) -> int:
        """Until when the file can be used."""
        return self.created_at + UPLOAD_KEPT_SECONDS


@dataclass(frozen=True, slots=True)
class UploadForm:
    """An S3 presigned POST: send `fields` and then the file, as the part `file`, to `url`."""

    url: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class UploadState:
    """The state of an upload. `filename` is stored with the file only, so it is None until the file arrives."""

    upload: Upload
    status: Status
    stored_bytes: int | None = None
    filename: str | None = None

    @property
    def expires_at(self) -> int:
        """When the form expires while nothing has arrived, otherwise when the file expires."""
        return self.upload.form_ends_at if self.stored_bytes is None else self.upload.file_ends_at


def new_upload_id(now_ms: int) -> str:
    """An id that cannot be guessed, and that sorts by creation time."""
    return f"upload_{now_ms:012x}{secrets.token_hex(6)}"


def is_upload_id(text: str) -> bool:
    """Whether an upload may have this id."""
    return _ID.fullmatch(text) is not None
