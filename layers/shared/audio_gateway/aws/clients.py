"""Clients of AWS's services, their errors as the gateway's, and S3's longer calls.

DynamoDB, which every request needs, has its own clients in `aws/dynamodb.py`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.errors import GatewayError, StorageUnavailable

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

# The regional host: the global one answers a signed request for another region with a redirect.
LINKS: Final[dict[str, Any]] = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
}
"""Options of a client that presigns URLs for the bucket."""

UNAVAILABLE: Final = "The service is temporarily unavailable. Try again."
"""What a caller reads when AWS does not serve the gateway, unless there is more to say."""

_MAX_DELETED_OBJECTS: Final = 1000  # the most that one call takes
_NO_OBJECT: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_REFUSED: Final = frozenset({"AccessDenied", "403"})
_CHANGED: Final = frozenset({"PreconditionFailed", "412"})


def aws_client(service: str, *, attempts: int | None = None, **options: Any) -> Any:
    """A client of a service. `options` are those of botocore's `Config`: `connect_timeout` in seconds, and so on.

    `attempts` is the most tries of a call, in botocore's standard mode. Make it at least 2: Lambda freezes a process
    between two requests, and the first use of a connection that has died since then fails. Make a client on first use:
    boto3, which is imported here, takes longer than the rest of a cold start.
    """
    import boto3
    from botocore.config import Config

    options.setdefault("tcp_keepalive", True)
    if attempts is not None:
        options["retries"] = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=Config(**options))


def timeout_s(seconds: float) -> float:
    """How long to wait for AWS: `seconds`, or `AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT` for a local AWS.

    A machine that runs an emulator beside everything else may pause for longer than AWS does. The variable, in seconds,
    counts only beside `AWS_ENDPOINT_URL`, which is empty on AWS.
    """
    local = os.environ.get("AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT") if os.environ.get("AWS_ENDPOINT_URL") else None
    return float(local) if local else seconds


class ObjectAbsent(Exception):
    """The bucket has no such object, or another version of it than was asked for."""


@contextmanager
def map_aws_errors(unavailable: type[GatewayError] = StorageUnavailable, message: str = UNAVAILABLE) -> Iterator[None]:
    """Raise `unavailable` with the message where AWS refuses a call or does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise unavailable(message) from error


@contextmanager
def map_object_errors(
    client: S3Client,
    bucket: str,
    key: str,
    unavailable: type[GatewayError] = StorageUnavailable,
    message: str = UNAVAILABLE,
) -> Iterator[None]:
    """Raise `ObjectAbsent` where a read of S3 finds no such object, and otherwise what `map_aws_errors` raises."""
    from botocore.exceptions import ClientError

    with map_aws_errors(unavailable, message):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] in _CHANGED or _is_absent(error, client, bucket, key):
                raise ObjectAbsent from error
            raise


def remove_objects(client: S3Client, bucket: str, prefix: str, *, but: Collection[str] = ()) -> None:
    """Remove all objects whose names begin with `prefix`, except those in `but`. Safe to repeat.

    Raises `StorageUnavailable` if S3 kept some, which it reports in a successful answer.
    """
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _MAX_DELETED_OBJECTS}
    )
    for page in pages:
        found: Any = [{"Key": each["Key"]} for each in page.get("Contents", ()) if each["Key"] not in but]
        if not found:
            continue
        if client.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True}).get("Errors"):
            raise StorageUnavailable("Not all files could be removed. Try again.")


def put_in_parts(client: S3Client, bucket: str, key: str, parts: Iterable[bytes], **about: Any) -> int:
    """Write an object while its content is produced; returns its size in bytes. It appears once it is complete.

    S3 requires at least 5 MiB for each part except the last. `about` is stored with the object, such as its
    `ContentType`. If `parts` raises, nothing is written.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    created = client.create_multipart_upload(Bucket=bucket, Key=key, **about)
    upload: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": created["UploadId"]}
    stored: list[CompletedPartTypeDef] = []
    size = 0
    try:
        for number, part in enumerate(parts, start=1):
            answer = client.upload_part(**upload, PartNumber=number, Body=part)
            stored.append({"PartNumber": number, "ETag": answer["ETag"]})
            size += len(part)
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": stored})
    except BaseException:
        # If this fails, the bucket's lifecycle rule removes the parts.
        with suppress(BotoCoreError, ClientError):
            client.abort_multipart_upload(**upload)
        raise
    return size


def _is_absent(error: ClientError, client: S3Client, bucket: str, key: str) -> bool:
    """Whether there is no such object, by what S3 answered to a read of it.

    S3 answers 404 to a role that may list the name and 403 to others. Roles here may list some prefixes only, and AWS
    does not document which prefix a read has when it decides that. After a 403, a listing of this name alone decides.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    code = error.response["Error"]["Code"]
    if code in _NO_OBJECT or code not in _REFUSED:
        return code in _NO_OBJECT
    try:
        listed = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except (BotoCoreError, ClientError):
        return False
    return all(each["Key"] != key for each in listed.get("Contents", ()))
