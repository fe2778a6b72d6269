"""Objects in the gateway's bucket, read in ranges as long as they do not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.clients import ObjectAbsent, map_object_errors
from audio_gateway.errors import InvalidRequest

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

FILES_UNAVAILABLE: Final = "Files cannot be read or written now. Try again."


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An object of the bucket in its current version; a replacement is a different one."""

    key: str
    etag: str
    size: int


class ObjectReader:
    """Reads ranges of an object, for `audio.content.StoredContent`."""

    def __init__(self, client: S3Client, bucket: str, source: SourceFile) -> None:
        self._client = client
        self._bucket = bucket
        self._source = source

    @property
    def size(self) -> int:
        """Bytes in the object."""
        return self._source.size

    def read(self, start: int, end: int, /) -> bytes:
        """The bytes from `start` up to `end`.

        Raises:
            InvalidRequest: the object was deleted or replaced.
            StorageUnavailable: it cannot be read now.
        """
        if end <= start:
            return b""
        span = f"bytes={start}-{end - 1}"
        key, etag = self._source.key, self._source.etag
        try:
            with map_object_errors(self._client, self._bucket, key, message=FILES_UNAVAILABLE):
                answer = self._client.get_object(Bucket=self._bucket, Key=key, IfMatch=etag, Range=span)
                return answer["Body"].read()
        except ObjectAbsent as error:
            message = "The audio was deleted or replaced before it was read. Upload it again."
            raise InvalidRequest(message, param="file", code="file_not_found") from error
