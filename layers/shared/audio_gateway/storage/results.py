"""Answers that are too large for Lambda: stored in the bucket, and served by a short-lived link."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.clients import LINKS, aws_client, map_aws_errors, put_in_parts

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

MIN_PART_BYTES: Final = 5 * 1024 * 1024
"""The smallest part of an upload that S3 accepts, except for the last one."""

_LINK_SECONDS: Final = 900
_UNAVAILABLE: Final = "The answer cannot be stored now. Try again."


class ResultStore:
    """Objects under `results/<project>/`, which the bucket's lifecycle rule deletes after a day.

    The methods that write raise `StorageUnavailable` if they cannot.
    """

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @cached_property
    def _client(self) -> S3Client:
        # Made on first use: most answers fit, and boto3 takes longer than the rest of a cold start.
        client: S3Client = aws_client("s3", connect_timeout=1.0, read_timeout=2.5, attempts=2, **LINKS)
        return client

    def put(self, body: bytes, content_type: str, *, project_id: str) -> str:
        """Store an answer; returns its key, for `link`."""
        key = _new_key(project_id)
        with map_aws_errors(message=_UNAVAILABLE):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)
        return key

    def put_pieces(self, pieces: Iterable[bytes], content_type: str, *, project_id: str) -> str:
        """As `put`, of a large answer. Each piece but the last has at least `MIN_PART_BYTES`."""
        key = _new_key(project_id)
        with map_aws_errors(message=_UNAVAILABLE):
            put_in_parts(self._client, self._bucket, key, pieces, ContentType=content_type)
        return key

    def put_parts(self, parts: Iterable[bytes], content_type: str, *, owner: str, filename: str) -> str:
        """Store a file in parts, each but the last of at least `MIN_PART_BYTES`; returns a URL as `link` does.

        If `parts` raises, nothing is stored.
        """
        key = _new_key(owner)
        disposition = f'attachment; filename="{filename}"'
        with map_aws_errors(message=_UNAVAILABLE):
            about = {"ContentType": content_type, "ContentDisposition": disposition}
            put_in_parts(self._client, self._bucket, key, parts, **about)
        return self.link(key)

    def link(self, key: str) -> str:
        """A URL that serves an object of the bucket for 15 minutes, to anyone who has the URL."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=_LINK_SECONDS
        )


def _new_key(owner: str) -> str:
    return f"results/{owner}/{secrets.token_urlsafe(24)}"
