"""Answers that are too big for Lambda: into the bucket, and a short-lived link to it out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from audio_gateway.aws import LINKS, aws_client

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

MIN_PART_BYTES: Final = 5 * 1024 * 1024
"""The least that S3 takes for a part of an upload, the last one excepted."""

_LINK_SECONDS: Final = 900


class ResultStore:
    """Objects under `results/<project>/`, which the bucket's lifecycle rule deletes after a day."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @cached_property
    def _client(self) -> S3Client:
        # Imported on first use: most answers fit, and boto3 costs more of a cold start than all else together.
        client: S3Client = aws_client("s3", **LINKS)
        return client

    def put(self, body: bytes, content_type: str, *, project_id: str) -> str:
        """Store an answer; gives a URL that serves it to whoever holds it, for 15 minutes."""
        key = _new_key(project_id)
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)
        return self.link(key)

    def put_parts(self, parts: Iterable[bytes], content_type: str, *, owner: str, filename: str) -> str:
        """Store a file part by part, each of at least `MIN_PART_BYTES` but the last; gives a URL as `put` does.

        Whatever `parts` raises is raised, and then nothing is stored.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        s3, bucket, key = self._client, self._bucket, _new_key(owner)
        disposition = f'attachment; filename="{filename}"'
        begun = s3.create_multipart_upload(
            Bucket=bucket, Key=key, ContentType=content_type, ContentDisposition=disposition
        )
        upload = begun["UploadId"]
        try:
            stored: list[CompletedPartTypeDef] = []
            for number, part in enumerate(parts, start=1):
                answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=part)
                stored.append({"PartNumber": number, "ETag": answer["ETag"]})
            s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": stored})
        except BaseException:
            # What cannot be taken back now is taken back by the bucket's lifecycle rule.
            with suppress(BotoCoreError, ClientError):
                s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
            raise
        return self.link(key)

    def link(self, key: str) -> str:
        """A URL that serves an object of the bucket to whoever holds it, for 15 minutes."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=_LINK_SECONDS
        )


def _new_key(owner: str) -> str:
    return f"results/{owner}/{secrets.token_urlsafe(24)}"
