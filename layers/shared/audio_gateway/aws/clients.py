"""Clients of AWS's services. DynamoDB, which every request needs, has its own in `aws/dynamodb.py`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.errors import StorageUnavailable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

# The regional host, not the global one: that answers a signed request for another region with a redirect.
LINKS: Final[dict[str, Any]] = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
}
"""Options of a client that makes links into the bucket."""

_REMOVED_AT_ONCE: Final = 1000  # the most that one call takes
_NO_OBJECT: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_REFUSED: Final = frozenset({"AccessDenied", "403"})


def aws_client(service: str, *, attempts: int | None = None, **options: Any) -> Any:
    """A client of a service. `options` are those of botocore's `Config`: `connect_timeout` in seconds, and so on.

    `attempts` is how often a call is tried at most, in botocore's standard mode. Make it 2 at least: Lambda freezes a
    process between two requests, and the first use of a connection that has died meanwhile fails. Make a client on
    first use, as boto3 is imported here: it costs more of a cold start than all else together.
    """
    import boto3
    from botocore.config import Config

    options.setdefault("tcp_keepalive", True)
    if attempts is not None:
        options["retries"] = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=Config(**options))


def timeout_s(seconds: float) -> float:
    """How long to wait for AWS: `seconds`, unless a local AWS is told to be given more.

    A machine that runs it and everything else stands still for longer than AWS does. `AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT`,
    in seconds, counts only beside `AWS_ENDPOINT_URL`, which is empty on AWS.
    """
    local = os.environ.get("AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT") if os.environ.get("AWS_ENDPOINT_URL") else None
    return float(local) if local else seconds


def is_absent(error: Exception, client: S3Client, bucket: str, key: str) -> bool:
    """Whether there is no such object, by what S3 answered to a read of it.

    S3 answers 404 to a role that may list the name and 403 to others. Roles here may list some prefixes only, and AWS
    does not document which prefix a read has when it decides that. So after a 403 a listing of this name alone decides.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if not isinstance(error, ClientError):
        return False
    code = error.response["Error"]["Code"]
    if code in _NO_OBJECT or code not in _REFUSED:
        return code in _NO_OBJECT
    try:
        listed = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except (BotoCoreError, ClientError):
        return False
    return all(each["Key"] != key for each in listed.get("Contents", ()))


@contextmanager
def or_unavailable(message: str) -> Iterator[None]:
    """What AWS has against a call, or its silence, becomes `StorageUnavailable` with the message."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StorageUnavailable(message) from error


def remove_objects(client: S3Client, bucket: str, prefix: str, *, but: Collection[str] = ()) -> None:
    """Remove all objects whose names begin with `prefix`, `but` for some. Safe to repeat.

    Raises `StorageUnavailable` where S3 kept some, which it says in an answer that is a success otherwise.
    """
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _REMOVED_AT_ONCE}
    )
    for page in pages:
        found: Any = [{"Key": each["Key"]} for each in page.get("Contents", ()) if each["Key"] not in but]
        if not found:
            continue
        if client.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True}).get("Errors"):
            raise StorageUnavailable("Not all files could be removed. Try again.")


def put_in_parts(client: S3Client, bucket: str, key: str, parts: Iterable[bytes], **about: Any) -> int:
    """Write an object while it is made; answers its bytes. It is there once all of it is.

    Each part has at least 5 MiB, the last one excepted, which S3 asks for. `about` is what S3 is to say of it, such as
    its `ContentType`. Whatever `parts` raises is raised, and then nothing is written.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    begun = client.create_multipart_upload(Bucket=bucket, Key=key, **about)
    upload: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": begun["UploadId"]}
    stored: list[CompletedPartTypeDef] = []
    size = 0
    try:
        for number, part in enumerate(parts, start=1):
            answer = client.upload_part(**upload, PartNumber=number, Body=part)
            stored.append({"PartNumber": number, "ETag": answer["ETag"]})
            size += len(part)
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": stored})
    except BaseException:
        # What cannot be taken back now is taken back by the bucket's lifecycle rule.
        with suppress(BotoCoreError, ClientError):
            client.abort_multipart_upload(**upload)
        raise
    return size
