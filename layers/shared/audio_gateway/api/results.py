"""Answers that are too big for Lambda: into the bucket, and a short-lived link to it out."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_LINK_SECONDS: Final = 900


class ResultStore:
    """Objects under `results/<project>/`, which the bucket's lifecycle rule deletes after a day."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @cached_property
    def _client(self) -> S3Client:
        # Imported on first use: most answers fit, and boto3 costs more of a cold start than all else together.
        import boto3
        from botocore.config import Config

        # The regional host, not the global one: that answers a signed request for another region with a redirect.
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        )
        client: S3Client = boto3.client("s3", config=config)
        return client

    def put(self, body: bytes, content_type: str, *, project_id: str) -> str:
        """Store an answer; gives a URL that serves it to whoever holds it, for 15 minutes."""
        key = f"results/{project_id}/{secrets.token_urlsafe(24)}"
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=_LINK_SECONDS
        )
