"""Clients of AWS's services. DynamoDB, which every request needs, has its own in `metering/dynamodb.py`."""

from __future__ import annotations

from typing import Any, Final

# The regional host, not the global one: that answers a signed request for another region with a redirect.
LINKS: Final[dict[str, Any]] = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
}
"""Options of a client that makes links into the bucket."""

_NO_OBJECT: Final = frozenset({"NoSuchKey", "404", "NotFound"})


def aws_client(service: str, *, attempts: int | None = None, **options: Any) -> Any:
    """A client of a service. `options` are those of botocore's `Config`: `connect_timeout` in seconds, and so on.

    `attempts` is how often a call is tried at most, in botocore's standard mode. Make a client on first use, as boto3
    is imported here: it costs more of a cold start than all else together.
    """
    import boto3
    from botocore.config import Config

    if attempts is not None:
        options["retries"] = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=Config(**options))


def is_absent(error: Exception) -> bool:
    """Whether S3 has said by it that there is no such object."""
    from botocore.exceptions import ClientError

    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _NO_OBJECT
