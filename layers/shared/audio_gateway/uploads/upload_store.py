"""Uploads in DynamoDB and S3: an item that says what may be sent, and the object that was sent.

pk  UPLOADS#<project id>      sk  <upload id>
key_id                        the key that announced it, and for which it counts until it is used
ttl                           DynamoDB removes the item some time after the file expires
"""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.clients import (
    LINKS,
    ObjectAbsent,
    aws_client,
    map_aws_errors,
    map_object_errors,
    remove_objects,
)
from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, Item, attributes, item_key
from audio_gateway.errors import FileUnavailable, MeteringUnavailable, NotFound, StorageUnavailable
from audio_gateway.metering.account import Payer
from audio_gateway.metering.pending_uploads import PendingUploads
from audio_gateway.storage.objects import ObjectReader, SourceFile
from audio_gateway.uploads.upload import FORM_SECONDS, Upload, UploadForm, UploadState, is_upload_id, new_upload_id

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_s3.client import S3Client

_FILENAME: Final = "filename"
_UNAVAILABLE: Final = "Uploads cannot be read or written now. Try again."
# A file may still be arriving long after its form expired, so the item stays a day longer than the file can be used.
_ITEM_SECONDS_MORE: Final = 24 * 3600


class UploadStore:
    """The uploads of all projects. Every call raises `StorageUnavailable` if they cannot be read or written now."""

    def __init__(self, client: DynamoDBClient, table: str, bucket: str) -> None:
        self._table = Table(client, table, StorageUnavailable)
        self._pending = PendingUploads(client, table)
        self._bucket = bucket

    @cached_property
    def _s3(self) -> S3Client:
        # Imported on first use: most requests contain their file.
        client: S3Client = aws_client("s3", connect_timeout=1, read_timeout=5, attempts=3, **LINKS)
        return client

    def create(
        self, caller: Payer, filename: str, size: int, now_s: float, *, most_pending: int
    ) -> tuple[Upload, UploadForm]:
        """Announce a file of at most `size` bytes. Returns the upload and the form to send the file with.

        `most_pending` is how many bytes the key may have announced and not yet used. Raises `TooMuchAtOnce` if this
        file would exceed it, or `MeteringUnavailable`.
        """
        upload = Upload(new_upload_id(int(now_s * 1000)), caller.project_id, caller.key_id, size, int(now_s))
        self._pending.add(upload.announced, most_pending, int(now_s))
        item = _key(upload.project_id, upload.id) | attributes(
            key_id=upload.key_id,
            bytes=size,
            created_at=upload.created_at,
            ttl=upload.file_ends_at + _ITEM_SECONDS_MORE,
        )
        try:
            self._table.put_if_absent(item)
        except StorageUnavailable:
            self._forget(upload)
            raise
        return upload, self._form(upload, filename)

    def used(self, project_id: str, upload_id: str) -> None:
        """Record that a job or a call with the file was admitted: the upload is no longer pending. Safe to repeat.

        Raises nothing. If this cannot be written, the upload counts as pending until it expires.
        """
        with suppress(NotFound, StorageUnavailable):
            self._forget(self._upload(project_id, upload_id))

    def state(self, project_id: str, upload_id: str, now_s: float) -> UploadState:
        """The state of an upload; raises `NotFound` if the project has none with this id."""
        upload = self._upload(project_id, upload_id)
        head = None if now_s >= upload.file_ends_at else self._head(upload)
        if head is not None:
            filename = _decoded(head["Metadata"].get(_FILENAME, ""))
            return UploadState(upload, "completed", head["ContentLength"], filename)
        return UploadState(upload, "pending" if now_s < upload.form_ends_at else "expired")

    def file(self, project_id: str, upload_id: str, now_s: float) -> SourceFile:
        """The current file of an upload. A file that replaces it counts as another file.

        Raises:
            NotFound: the project has no such upload, or the upload was deleted.
            FileUnavailable: the file has not arrived, or has expired.
        """
        upload = self._upload(project_id, upload_id)
        head = None if now_s >= upload.file_ends_at else self._head(upload)
        if head is not None:
            return SourceFile(upload.key, head["ETag"], head["ContentLength"])
        if now_s < upload.form_ends_at:
            message = f"The file of '{upload_id}' has not arrived. Send it with the form of the upload, then try again."
            raise FileUnavailable(message, param="upload_id", code="upload_pending")
        message = f"The upload '{upload_id}' has expired. Create another one and send the file again."
        raise FileUnavailable(message, param="upload_id", code="upload_expired")

    def read(self, file: SourceFile) -> bytes:
        """All bytes of a file that was not replaced since; raises as `ObjectReader.read`."""
        return self.reader(file).read(0, file.size)

    def reader(self, file: SourceFile) -> ObjectReader:
        """A reader of any part of a file that was not replaced since."""
        return ObjectReader(self._s3, self._bucket, file)

    def delete(self, project_id: str, upload_id: str) -> None:
        """Remove the file and the upload; raises `NotFound` if the project has none with this id."""
        upload = self._upload(project_id, upload_id)
        with map_aws_errors(message=_UNAVAILABLE):
            self._s3.delete_object(Bucket=self._bucket, Key=upload.key)
        # Last: until then the call can be repeated. A file that the form still uploads has no item, and expires.
        self._table.delete_if(_key(project_id, upload_id), Condition("created_at > :zero", zero=0))
        self._forget(upload)

    def _forget(self, upload: Upload) -> None:
        if upload.key_id:
            with suppress(MeteringUnavailable):
                self._pending.forget(upload.announced)

    def remove_all(self, project_id: str) -> None:
        """Remove all files that a project has uploaded. Repeat it later: valid forms may still upload some."""
        with map_aws_errors(message=_UNAVAILABLE):
            remove_objects(self._s3, self._bucket, f"uploads/{project_id}/")

    def _upload(self, project_id: str, upload_id: str) -> Upload:
        item = self._table.get(_key(project_id, upload_id)) if is_upload_id(upload_id) else None
        if item is None:
            message = f"There is no upload '{upload_id[:100]}' in this project; it may have been deleted."
            raise NotFound(message, param="upload_id", code="upload_not_found")
        key_id = item["key_id"]["S"] if "key_id" in item else ""
        return Upload(upload_id, project_id, key_id, int(item["bytes"]["N"]), int(item["created_at"]["N"]))

    def _head(self, upload: Upload) -> Any:
        """The metadata of the object in S3; None if there is no object."""
        with suppress(ObjectAbsent), map_object_errors(self._s3, self._bucket, upload.key, message=_UNAVAILABLE):
            return self._s3.head_object(Bucket=self._bucket, Key=upload.key)
        return None

    def _form(self, upload: Upload, filename: str) -> UploadForm:
        field, value = f"x-amz-meta-{_FILENAME}", _encoded(filename)
        with map_aws_errors(message=_UNAVAILABLE):
            made = self._s3.generate_presigned_post(
                self._bucket,
                upload.key,
                Fields={field: value},
                Conditions=[{field: value}, ["content-length-range", 1, upload.bytes]],
                ExpiresIn=FORM_SECONDS,
            )
        return UploadForm(made["url"], made["fields"])


def _key(project_id: str, upload_id: str) -> Item:
    return item_key(f"UPLOADS#{project_id}", upload_id)


def _encoded(filename: str) -> str:
    """S3 metadata is ASCII, at most 2 KB; this is at most 1,360 characters."""
    return base64.urlsafe_b64encode(filename.encode()).decode()


def _decoded(value: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(value.encode()).decode() or None
    except (UnicodeError, binascii.Error):
        return None
